import { idOfCursor, pageSize, toPage } from '#lib/adapters/db/cursor'
import { findInbox, findRequests } from '#lib/adapters/db/requests/find-requests'
import type { PersonActor } from '#lib/core/access/actor'
import type { Page } from '#lib/core/access/page'
import type { RequestSummary } from '#lib/core/access/request-resource'
import type { RequestStatus } from '#lib/core/access/status'
import { deciderOf, readerOf } from './reader.ts'
import { summariesOf } from './summaries.ts'

export type RequestFilter = {
  /** `inbox`: the requests that this person can decide, oldest first. `all`: every request that they may see. */
  role: 'mine' | 'inbox' | 'all'
  status?: RequestStatus
  cursor?: string
  limit?: number
}

/**
 * A page of requests, newest first except in the inbox.
 * @throws AppError `malformed` for a cursor that no page returned
 */
export async function listRequests(actor: PersonActor, filter: RequestFilter): Promise<Page<RequestSummary>> {
  const { role, status, cursor } = filter
  const size = pageSize(filter.limit)
  const paging = { after: idOfCursor('request', cursor), limit: size + 1 }
  if (role === 'inbox') {
    if (status && status !== 'pending') return { items: [], nextCursor: null }
    const page = toPage(await findInbox(deciderOf(actor), paging), size, (id) => id)
    const summaries = await summariesOf(actor, page.items)
    return { items: summaries.filter(({ can }) => can.decide.may), nextCursor: page.nextCursor }
  }
  const found = await findRequests(readerOf(actor), { ...paging, mine: role === 'mine', status })
  const page = toPage(found, size, (id) => id)
  return { items: await summariesOf(actor, page.items), nextCursor: page.nextCursor }
}
