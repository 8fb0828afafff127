import { type CallRow, findCalls } from '#lib/adapters/db/activity/find-calls'
import { pageSize, toPage } from '#lib/adapters/db/cursor'
import type { CallFilter, CallKind, CallResource } from '#lib/core/access/activity-resource'
import type { PersonActor } from '#lib/core/access/actor'
import { seesEverything } from '#lib/core/access/may-see'
import type { Page } from '#lib/core/access/page'

const toResource = ({ at, endedAt, kind, ...row }: CallRow): CallResource => ({
  ...row,
  kind: kind as CallKind,
  at: at.toISOString(),
  endedAt: endedAt?.toISOString() ?? null,
})

/** A page of calls: all of them for auditors and admins, and for everyone else those that were made with their own grants. */
export async function listActivity(
  actor: PersonActor,
  { cursor, limit, ...filter }: CallFilter & { cursor?: string; limit?: number },
): Promise<Page<CallResource>> {
  const size = pageSize(limit)
  const scope = seesEverything(actor) ? 'all' : { personId: actor.person.id }
  const found = await findCalls(scope, filter, { cursor, limit: size + 1 })
  const { items, nextCursor } = toPage(found, size, ({ id }) => id)
  return { items: items.map(toResource), nextCursor }
}
