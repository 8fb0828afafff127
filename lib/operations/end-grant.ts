import { clip, refuse } from '#lib/adapters/db/audit/audit'
import { type Tx, transaction } from '#lib/adapters/db/client'
import { handOver } from '#lib/adapters/db/grants/hand-over'
import { type EndableGrant, type LockedGrant, lockGrant, toEnd } from '#lib/adapters/db/grants/lock-grant'
import { moveGrant, moveGrants } from '#lib/adapters/db/transition'
import type { PersonActor } from '#lib/core/access/actor'
import { AppError, notFound } from '#lib/core/access/errors'
import type { May } from '#lib/core/access/may'
import { maySee } from '#lib/core/access/may-see'
import type { GrantStatus } from '#lib/core/access/status'

type Ending = {
  endedBy: 'revocation' | 'release'
  note: string | null
  /** May this person end this grant now? */
  may: (grant: LockedGrant) => May
  /** May this person end this grant in any status? Only then do they learn its status. */
  isTheirs: (grant: LockedGrant) => boolean
}

type Why = Pick<Ending, 'endedBy' | 'note'>

const endingEvent = (actor: PersonActor, grant: EndableGrant, { endedBy, note }: Why) =>
  ({ type: 'grant.ending', actor, data: { endedBy, note }, about: aboutOf(grant) }) as const

const endingMove = (actor: PersonActor, { endedBy, note }: Why, now: Date) => ({
  endingAt: now,
  endedBy,
  endedByName: actor.person.name,
  endNote: note,
  attempts: 0,
  nextAttemptAt: now,
})

/** Records that the access of locked grants must end now. */
export async function beginEnds(tx: Tx, actor: PersonActor, grants: readonly EndableGrant[], why: Why) {
  const [first] = grants
  if (!first) return
  const events = grants.map((grant) => endingEvent(actor, grant, why))
  await moveGrants(tx, grants, 'ending', events, endingMove(actor, why, first.now))
}

const aboutOf = ({ id, requestId, requesterId, cluster, namespaces, policyHash }: EndableGrant) => {
  return { requestId, grantId: id, personId: requesterId, cluster, namespaces, policyHash }
}

/**
 * Records that access must end; the worker ends it. A person can end access in no other way. The status is "ending"
 * until the cluster denies the grant's ServiceAccount.
 */
export async function endGrant(actor: PersonActor, grantId: string, ending: Ending): Promise<{ status: GrantStatus }> {
  return transaction(async (tx) => {
    const grant = await lockGrant(tx, grantId)
    if (!grant) throw notFound()
    // Who may not see the grant learns nothing, who may not end it learns why, who was too late learns its status.
    const may = ending.may(grant)
    if (!may.may) {
      const forbidden = maySee(actor, grant) ? new AppError('forbidden', may.why) : notFound()
      const error = ending.isTheirs(grant) ? new AppError('conflict', may.why) : forbidden
      const data = { code: error.code, sentence: clip(may.why) }
      return refuse(error, { type: 'grant.revocation-refused', actor, data, about: aboutOf(grant) })
    }
    const taken = toEnd(grant, ending.endedBy)
    const lease = taken ? handOver(taken, 'end') : null
    await moveGrant(tx, grantId, grant.status, 'ending', endingEvent(actor, grant, ending), {
      ...endingMove(actor, ending, grant.now),
      ...(lease?.worker ? { leaseUntil: lease.leaseUntil, leasedBy: lease.worker } : {}),
    })
    return { status: 'ending' }
  })
}
