import { idOfCursor, pageSize, toPage } from '#lib/adapters/db/cursor'
import { findGrants } from '#lib/adapters/db/requests/find-requests'
import { gatherGrants, gatherPeopleOfSets } from '#lib/adapters/db/requests/gather-requests'
import type { PersonActor } from '#lib/core/access/actor'
import type { GrantResource } from '#lib/core/access/grant-resource'
import type { Page } from '#lib/core/access/page'
import type { GrantStatus } from '#lib/core/access/status'
import { toGrantResource } from './grant-resource.ts'
import { readerOf } from './reader.ts'

/**
 * A page of the grants that this person may see, newest first.
 * @throws AppError `malformed` for a cursor that no page returned
 */
export async function listGrants(
  actor: PersonActor,
  filter: { status?: GrantStatus; cursor?: string; limit?: number },
): Promise<Page<GrantResource>> {
  const size = pageSize(filter.limit)
  const paging = { after: idOfCursor('grant', filter.cursor), limit: size + 1 }
  const page = toPage(await findGrants(readerOf(actor), { ...paging, status: filter.status }), size, (id) => id)
  const [rows, { now }] = await Promise.all([gatherGrants(page.items), gatherPeopleOfSets([])])
  return { items: rows.map((row) => toGrantResource(actor, row.request, row, now)), nextCursor: page.nextCursor }
}
