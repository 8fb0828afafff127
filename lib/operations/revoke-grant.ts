import type { PersonActor } from '#lib/core/access/actor'
import { mayRevoke } from '#lib/core/access/may-act'
import { endGrant } from './end-grant.ts'

/**
 * Ends access at once with a reason, as one of its approvers or as an admin.
 * @throws AppError `not-found`, `forbidden` (recorded), `conflict` when it is already ending or ended
 */
export const revokeGrant = (actor: PersonActor, grantId: string, { reason }: { reason: string }) =>
  endGrant(actor, grantId, {
    endedBy: 'revocation',
    note: reason,
    may: (grant) => mayRevoke(actor, grant, grant),
    isTheirs: (grant) => mayRevoke(actor, grant, { status: 'active' }).may,
  })
