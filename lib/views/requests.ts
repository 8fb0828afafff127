import type { PersonActor } from '#lib/access/actor'
import { formatDuration } from '#lib/access/duration'
import { notFound } from '#lib/access/errors'
import { idSchema } from '#lib/access/ids'
import { maySee, seesEverything } from '#lib/access/may-act'
import type { Page, RequestResource, RequestSummary, Verdict } from '#lib/access/resources'
import type { Rule } from '#lib/access/rule'
import type { RequestStatus } from '#lib/access/status'
import { idOfCursor, pageSize, toPage } from '#lib/db/cursor'
import { countInbox, type Decider, findInbox, findOwnRequests, findRequests, type Reader } from '#lib/db/find-requests'
import { gatherRequest } from '#lib/db/gather-requests'
import { toPersonResource } from '#lib/db/people'
import { currentPolicy } from '#lib/policy/current'
import { toGrantResource } from './grant-resource.ts'
import { gatherPeople, summariesOf, toSummary } from './summaries.ts'

export const readerOf = (actor: PersonActor): Reader => ({
  personId: actor.person.id,
  groups: actor.person.groups,
  seesAll: seesEverything(actor),
})

function deciderOf({ person }: PersonActor): Decider {
  const { id: personId, groups, email, emailVerified } = person
  const notTheirs = currentPolicy()
    .configuration.entitlements.filter(({ approvals }) =>
      approvals.every((step) => !step.groups.some((group) => groups.includes(group))),
    )
    .map(({ name }) => name)
  return { personId, groups, email: emailVerified ? email : null, notTheirs }
}

export type RequestFilter = {
  /** `inbox`: what waits for this person's word, oldest first. `all`: whatever they may see. */
  role: 'mine' | 'inbox' | 'all'
  status?: RequestStatus
  cursor?: string
  limit?: number
}

/**
 * A page of requests, newest first except in the inbox.
 * @throws AppError `malformed` for a cursor that no list gave
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

/** How many requests wait for this person's word. */
export const inboxCount = (actor: PersonActor): Promise<number> => countInbox(deciderOf(actor))

/** A person's own requests: `now` has something still to come (at most 50), `before` is over (the last 20). */
export async function home(actor: PersonActor): Promise<{ now: RequestSummary[]; before: RequestSummary[] }> {
  const ids = await findOwnRequests(actor.person.id)
  const summaries = await summariesOf(actor, [...ids.now, ...ids.before])
  const isNow = new Set(ids.now)
  return {
    now: summaries.filter(({ id }) => isNow.has(id)),
    before: summaries.filter(({ id }) => !isNow.has(id)),
  }
}

type AskedTerms = { namespaces: string[]; rules: Rule[]; durationSeconds: number; digest: string }

/**
 * One request with its verdict, decisions and grant.
 * @throws AppError `not-found` where there is none, or it is not this person's to see
 */
export async function getRequest(actor: PersonActor, id: string): Promise<RequestResource> {
  const row = idSchema('request').safeParse(id).success ? await gatherRequest(id) : null
  if (!row || !maySee(actor, { ...row, deciderIds: row.decisions.map(({ personId }) => personId) })) throw notFound()
  const people = await gatherPeople([row])
  const { durationSeconds, ...asked } = row.asked as AskedTerms
  return {
    ...toSummary(actor, row, people),
    asked: asked.digest === row.digest ? null : { ...asked, duration: formatDuration(durationSeconds) },
    verdict: row.verdict as Verdict,
    decisions: row.decisions.map((decision) => ({
      id: decision.id,
      person: toPersonResource(decision.person),
      decision: decision.decision,
      note: decision.note,
      digest: decision.digest,
      narrowed: decision.narrowed !== null,
      at: decision.createdAt.toISOString(),
    })),
    grant: row.grant && toGrantResource(actor, row, row.grant, people.now),
  }
}
