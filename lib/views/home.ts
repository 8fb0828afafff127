import { findOwnRequests } from '#lib/adapters/db/requests/find-requests'
import type { PersonActor } from '#lib/core/access/actor'
import type { RequestSummary } from '#lib/core/access/request-resource'
import { summariesOf } from './summaries.ts'

/** The first of a list, and how long the whole list is. */
type Start = { items: RequestSummary[]; total: number }

/** A person's own requests: `now` has live access and what is pending, `before` the others. */
export async function home(
  actor: PersonActor,
  most: { now: number; before: number },
): Promise<{ now: Start; before: Start }> {
  const ids = await findOwnRequests(actor.person.id, most)
  const summaries = await summariesOf(actor, [...ids.now, ...ids.before])
  return {
    now: { items: summaries.slice(0, ids.now.length), total: ids.allNow },
    before: { items: summaries.slice(ids.now.length), total: ids.allBefore },
  }
}
