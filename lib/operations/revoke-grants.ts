import { type NewAuditEvent, recordEvent, refuse } from '#lib/adapters/db/audit/audit'
import { transaction } from '#lib/adapters/db/client'
import { lockGrants } from '#lib/adapters/db/grants/lock-grant'
import { findLiveGrants, type LiveGrant } from '#lib/adapters/db/requests/find-requests'
import type { PersonActor } from '#lib/core/access/actor'
import { AppError, notFound } from '#lib/core/access/errors'
import { mayRevoke } from '#lib/core/access/may-act'
import { seesEverything } from '#lib/core/access/may-see'
import type { BulkRevocation, BulkRevocationResult } from '#lib/core/access/revocation'
import { mostRevocations } from '#lib/core/access/revocation-scope'
import { beginEnds } from './end-grant.ts'

/** The name of a scope as pages show it: people by their names. */
const labelOf = ({ by, name }: BulkRevocation, [first]: LiveGrant[]) => (by === 'person' && first ? first.holder : name)

const alreadyEnding = () => new AppError('conflict', 'All of this access is already ending.')

/** Why nothing can be revoked; undefined if something can. */
function whyNothing(actor: PersonActor, input: BulkRevocation, visible: LiveGrant[]): AppError | undefined {
  // What does not exist and what the caller may not see are one answer.
  if (visible.length === 0) return notFound()
  const theirs = visible.filter((grant) => mayRevoke(actor, grant, { status: 'active' }).may)
  if (theirs.length === 0)
    return new AppError('forbidden', 'Only an approver of this access or an admin can revoke it.')
  // A person can have a name that no one can type, so that their ID confirms as well.
  if (input.confirm !== input.name && input.confirm !== labelOf(input, visible)) {
    const message = 'must be the name of what you revoke, exactly as it is shown'
    return new AppError('invalid', 'The confirmation differs from the name, so nothing was revoked.', {
      errors: [{ pointer: '/confirm', message }],
    })
  }
  return theirs.every(({ status }) => status === 'ending') ? alreadyEnding() : undefined
}

/**
 * Ends all live access of a person or an entitlement, in a namespace or on a cluster, as far as the caller may revoke it:
 * as an approver of each grant, or as an admin. It is one event with the list of grants, and each grant ends as it does
 * when it is revoked alone.
 * @throws AppError `not-found` when nothing matches that the caller may see; `forbidden`, `invalid` (the confirmation),
 * `conflict` when everything is ending already; each attempt is recorded
 */
export async function revokeGrants(actor: PersonActor, input: BulkRevocation): Promise<BulkRevocationResult> {
  const { by, name, reason } = input
  const { id: personId, groups } = actor.person
  return transaction(async (tx) => {
    const visible = await findLiveGrants(tx, { personId, groups, seesAll: seesEverything(actor) }, { by, name })
    const refuseAll = (error: AppError): Promise<never> => {
      const data = { code: error.code, sentence: error.message, by, name }
      return refuse(error, { type: 'grants.revocation-refused', actor, data })
    }
    const error = whyNothing(actor, input, visible)
    if (error) return refuseAll(error)
    const theirs = visible.filter((grant) => mayRevoke(actor, grant, grant).may)
    const locked = await lockGrants(
      tx,
      theirs.slice(0, mostRevocations).map(({ id }) => id),
    )
    // Between reading and locking, someone else may have ended some of them.
    const ending = locked.filter((grant) => mayRevoke(actor, grant, grant).may)
    if (ending.length === 0) return refuseAll(alreadyEnding())
    const holders = new Map(theirs.map(({ id, holder }) => [id, holder]))
    const event: NewAuditEvent = {
      type: 'grants.revoked',
      actor,
      data: {
        ...{ by, name, label: labelOf(input, visible), note: reason },
        grants: ending.map(({ id, requestId }) => ({ id, requestId, holder: holders.get(id) ?? '' })),
      },
      about: {
        ...(by === 'person' ? { personId: name } : {}),
        ...(by === 'namespace' ? { namespaces: [name] } : {}),
        ...(by === 'cluster' ? { cluster: name } : {}),
      },
    }
    await recordEvent(tx, event)
    await beginEnds(tx, actor, ending, { endedBy: 'revocation', note: reason })
    return {
      revoked: ending.map(({ id, requestId }) => ({ id, requestId, status: 'ending' })),
      notYours: visible.filter((grant) => !mayRevoke(actor, grant, { status: 'active' }).may).length,
      remaining: theirs.length - locked.length,
    }
  })
}
