import { clip, refuse } from '#lib/adapters/db/audit/audit'
import { type Tx, transaction } from '#lib/adapters/db/client'
import { handOver } from '#lib/adapters/db/grants/hand-over'
import { type EndableGrant, type LockedGrant, lockGrant, toEnd } from '#lib/adapters/db/grants/lock-grant'
import { moveGrant } from '#lib/adapters/db/transition'
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

/** Records that the access of a locked grant must end now. `lease`: of the worker that it was handed to. */
export function beginEnd(
  tx: Tx,
  actor: PersonActor,
  grant: EndableGrant,
  { endedBy, note }: Pick<Ending, 'endedBy' | 'note'>,
  lease: ReturnType<typeof handOver> | null = null,
) {
  const { id, status, now } = grant
  const event = { type: 'grant.ending', actor, data: { endedBy, note }, about: aboutOf(grant) } as const
  return moveGrant(tx, id, status, 'ending', event, {
    ...(lease?.worker ? { leaseUntil: lease.leaseUntil, leasedBy: lease.worker } : {}),
    endingAt: now,
    endedBy,
    endedByName: actor.person.name,
    endNote: note,
    attempts: 0,
    nextAttemptAt: now,
  })
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
    await beginEnd(tx, actor, grant, ending, taken ? handOver(taken, 'end') : null)
    return { status: 'ending' }
  })
}
