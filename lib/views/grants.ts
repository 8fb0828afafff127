import type { PersonActor } from '#lib/access/actor'
import { notFound } from '#lib/access/errors'
import { idSchema } from '#lib/access/ids'
import { maySee } from '#lib/access/may-act'
import type { GrantResource, Page } from '#lib/access/resources'
import type { GrantStatus } from '#lib/access/status'
import { idOfCursor, pageSize, toPage } from '#lib/db/cursor'
import { findGrants } from '#lib/db/find-requests'
import { gatherGrants, gatherPeopleOfGroups } from '#lib/db/gather-requests'
import { toGrantResource } from './grant-resource.ts'
import { readerOf } from './requests.ts'

/**
 * A page of the grants that this person may see, newest first.
 * @throws AppError `malformed` for a cursor that no list gave
 */
export async function listGrants(
  actor: PersonActor,
  filter: { status?: GrantStatus; cursor?: string; limit?: number },
): Promise<Page<GrantResource>> {
  const size = pageSize(filter.limit)
  const paging = { after: idOfCursor('grant', filter.cursor), limit: size + 1 }
  const page = toPage(await findGrants(readerOf(actor), { ...paging, status: filter.status }), size, (id) => id)
  const [rows, { now }] = await Promise.all([gatherGrants(page.items), gatherPeopleOfGroups([])])
  return { items: rows.map((row) => toGrantResource(actor, row.request, row, now)), nextCursor: page.nextCursor }
}

/**
 * One grant with its objects, probes and credentials.
 * @throws AppError `not-found` where there is none, or it is not this person's to see
 */
export async function getGrant(actor: PersonActor, id: string): Promise<GrantResource> {
  if (!idSchema('grant').safeParse(id).success) throw notFound()
  const [row] = await gatherGrants([id])
  const deciderIds = row?.request.decisions.map(({ personId }) => personId) ?? []
  if (!row || !maySee(actor, { ...row.request, deciderIds })) throw notFound()
  const { now } = await gatherPeopleOfGroups([])
  return toGrantResource(actor, row.request, row, now)
}
