import type { PersonActor } from '#lib/core/access/actor'
import { mayRelease } from '#lib/core/access/may-act'
import { endGrant } from './end-grant.ts'

/**
 * Ends access early, as its holder.
 * @throws AppError `not-found`, `forbidden` (recorded), `conflict` when it is already ending or ended
 */
export const releaseGrant = (actor: PersonActor, grantId: string) =>
  endGrant(actor, grantId, {
    endedBy: 'release',
    note: null,
    may: (grant) => mayRelease(actor, grant, grant),
    isTheirs: (grant) => mayRelease(actor, grant, { status: 'active' }).may,
  })
