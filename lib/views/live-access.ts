import { idOfCursor, pageSize, toPage } from '#lib/adapters/db/cursor'
import { countLiveAccess, findLiveAccess, type LiveScope } from '#lib/adapters/db/requests/find-requests'
import { hasRole, type PersonActor } from '#lib/core/access/actor'
import type { Page } from '#lib/core/access/page'
import type { RequestSummary } from '#lib/core/access/request-resource'
import type { RevocationScope } from '#lib/core/access/revocation-scope'
import { readerOf } from './reader.ts'
import { summariesOf } from './summaries.ts'

export type LiveAccess = Page<RequestSummary> & {
  /** What the list can be narrowed to, and what can be revoked at once. */
  scopes: LiveScope[]
}

/**
 * Access that has not ended and that this person may see, newest first.
 * @throws AppError `malformed` for a cursor that no page returned
 */
export async function liveAccess(
  actor: PersonActor,
  { scope, cursor, limit }: { scope: RevocationScope | null; cursor?: string; limit?: number },
): Promise<LiveAccess> {
  const size = pageSize(limit)
  const reader = readerOf(actor)
  const [found, scopes] = await Promise.all([
    findLiveAccess(reader, { scope, after: idOfCursor('request', cursor), limit: size + 1 }),
    countLiveAccess(reader, hasRole(actor, 'admin')),
  ])
  const page = toPage(found, size, (id) => id)
  return { items: await summariesOf(actor, page.items), nextCursor: page.nextCursor, scopes }
}
