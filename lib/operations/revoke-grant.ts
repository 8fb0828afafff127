import type { PersonActor } from '#lib/core/access/actor'
import { mayRevoke } from '#lib/core/access/may-act'
import { endGrant } from './end-grant.ts'

/**
 * Ends access at once, as somebody who may approve it or as an admin, with a reason.
 * @throws AppError `not-found`, `forbidden` (recorded), `conflict` when it is ending or over already
 */
export const revokeGrant = (actor: PersonActor, grantId: string, { reason }: { reason: string }) =>
  endGrant(actor, grantId, {
    endedBy: 'revocation',
    note: reason,
    may: (grant) => mayRevoke(actor, grant, grant),
    isTheirs: (grant) => mayRevoke(actor, grant, { status: 'active' }).may,
  })
