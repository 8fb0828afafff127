import { idOfCursor, pageSize, toPage } from '#lib/adapters/db/cursor'
import { findDecisions } from '#lib/adapters/db/requests/find-requests'
import type { PersonActor } from '#lib/core/access/actor'
import type { Page } from '#lib/core/access/page'
import type { RequestSummary } from '#lib/core/access/request-resource'
import { summariesOf } from './summaries.ts'

export type OwnDecision = {
  id: string
  decision: 'approve' | 'deny'
  note: string | null
  at: string
  request: RequestSummary
}

/**
 * What this person decided, newest first. An approver may always see a request that they decided.
 * @throws AppError `malformed` for a cursor that no page returned
 */
export async function ownDecisions(
  actor: PersonActor,
  { cursor, limit }: { cursor?: string; limit?: number } = {},
): Promise<Page<OwnDecision>> {
  const size = pageSize(limit)
  const found = await findDecisions(actor.person.id, { after: idOfCursor('decision', cursor), limit: size + 1 })
  const page = toPage(found, size, ({ id }) => id)
  const summaries = await summariesOf(
    actor,
    page.items.map(({ requestId }) => requestId),
  )
  const byId = new Map(summaries.map((request) => [request.id, request]))
  const items = page.items.flatMap(({ id, requestId, decision, note, createdAt }) => {
    const request = byId.get(requestId)
    return request ? [{ id, decision, note, at: createdAt.toISOString(), request }] : []
  })
  return { items, nextCursor: page.nextCursor }
}
