import { findOwnRequests } from '#lib/adapters/db/requests/find-requests'
import type { PersonActor } from '#lib/core/access/actor'
import type { RequestSummary } from '#lib/core/access/request-resource'
import { summariesOf } from './summaries.ts'

/** A person's own requests: `now` are open or have a live grant (at most 50), `before` are finished (the last 20). */
export async function home(actor: PersonActor): Promise<{ now: RequestSummary[]; before: RequestSummary[] }> {
  const ids = await findOwnRequests(actor.person.id)
  const summaries = await summariesOf(actor, [...ids.now, ...ids.before])
  const isNow = new Set(ids.now)
  return {
    now: summaries.filter(({ id }) => isNow.has(id)),
    before: summaries.filter(({ id }) => !isNow.has(id)),
  }
}
