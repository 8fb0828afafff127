// What the events of a pack say of each request, one event after another in the order of the log.
import { type AuditEventData, type AuditEventType, auditEvents, auditSentence } from '#lib/core/audit/events'
import type { LogEntry, RecordedEvent } from '#lib/core/log/leaf'

export type EventLine = { index: number; at: string; who: string; sentence: string }

type Decided = {
  at: string
  who: string
  email: string | null
  decision: string
  note: string | null
  groups: string[]
}

/** Access that began, or that was to begin. */
export type GrantFacts = {
  id: string
  beganAt: string | null
  expiresAt: string | null
  /** How many access reviews of the API server confirmed the begin and the end. */
  allowed: number
  denied: number
  endedAt: string | null
  ending: { at: string; who: string; by: string; note: string | null } | null
  failure: string | null
  /** The users of the API server that made the calls. */
  accounts: string[]
  credentials: { at: string; who: string; jti: string; expiresAt: string; address: string | null }[]
}

export type RequestFacts = {
  id: string
  cluster: string | null
  submission: {
    at: string
    who: string
    email: string | null
    issuer: string | null
    subject: string | null
    entitlement: string
    reason: string
    ticket: string | null
    extends: string | null
    digest: string
  } | null
  /** The digests of its terms, the newest last. */
  digests: string[]
  policies: string[]
  decisions: Decided[]
  /** How it was resolved. */
  outcome: { at: string; who: string; sentence: string } | null
  isBreakGlass: boolean
  review: { at: string; who: string; outcome: string; note: string } | null
  grants: GrantFacts[]
  lines: EventLine[]
}

export type PackFacts = {
  requests: RequestFacts[]
  /** Events that belong to no request. */
  others: EventLine[]
  count: number
  firstAt: string | null
  lastAt: string | null
}

const newRequest = (id: string): RequestFacts => ({
  ...{ id, cluster: null, submission: null, digests: [], policies: [], decisions: [], outcome: null },
  ...{ isBreakGlass: false, review: null, grants: [], lines: [] },
})

const newGrant = (id: string): GrantFacts => ({
  ...{ id, beganAt: null, expiresAt: null, allowed: 0, denied: 0, endedAt: null, ending: null, failure: null },
  ...{ accounts: [], credentials: [] },
})

/** The data of an event of this type; null if it is of another one, or does not have its schema. */
function dataOf<T extends AuditEventType>({ type, data }: RecordedEvent, wanted: T): AuditEventData<T> | null {
  if (type !== wanted) return null
  return (auditEvents[wanted].data.safeParse(data).data ?? null) as AuditEventData<T> | null
}

function addToGrant(grant: GrantFacts, event: RecordedEvent): void {
  const { at, actorName: who } = event
  const began = dataOf(event, 'grant.active')
  if (began) {
    grant.beganAt ??= at
    grant.expiresAt = began.expiresAt
    grant.allowed = began.probes
  }
  const ending = dataOf(event, 'grant.ending')
  if (ending) {
    grant.ending = { at, who, by: ending.endedBy, note: ending.note }
    grant.endedAt = null
  }
  const ended = dataOf(event, 'grant.ended')
  if (ended) {
    grant.endedAt = at
    grant.denied = ended.probes
  }
  const failed = dataOf(event, 'grant.failed')
  if (failed) grant.failure = failed.sentence
  const created = dataOf(event, 'grant.object-created')
  if (created?.kind === 'ServiceAccount')
    grant.accounts.push(`system:serviceaccount:${created.namespace}:${created.name}`)
  const issued = dataOf(event, 'credential.issued')
  if (issued)
    grant.credentials.push({ at, who, jti: issued.jti, expiresAt: issued.expiresAt, address: event.clientAddress })
}

const outcomes = ['request.approved', 'request.denied', 'request.withdrawn', 'request.lapsed']

function addToRequest(request: RequestFacts, event: RecordedEvent): void {
  const { at, actorName: who, actorEmail: email } = event
  request.cluster ??= event.cluster
  if (event.policyHash && !request.policies.includes(event.policyHash)) request.policies.push(event.policyHash)
  const submitted = dataOf(event, 'request.submitted')
  if (submitted && !request.submission) {
    const { entitlement, reason, ticket, digest } = submitted
    const { actorIssuer: issuer, actorSubject: subject } = event
    const more = { entitlement, reason, ticket, digest, extends: submitted.extends ?? null }
    request.submission = { at, who, email, issuer, subject, ...more }
    request.digests.push(digest)
  }
  const narrowed = dataOf(event, 'request.narrowed')
  if (narrowed) request.digests.push(narrowed.result)
  const decided = dataOf(event, 'decision.made')
  if (decided) {
    const { decision, note, groups } = decided
    request.decisions.push({ at, who, email, decision, note, groups })
  }
  const approved = dataOf(event, 'request.approved')
  if (approved?.reviewDueAt) request.isBreakGlass = true
  if (outcomes.includes(event.type)) request.outcome = { at, who, sentence: auditSentence(event.type, event.data) }
  const reviewed = dataOf(event, 'review.recorded')
  if (reviewed) request.review = { at, who, outcome: reviewed.outcome, note: reviewed.note }
  if (!event.grantId) return
  const known = request.grants.find(({ id }) => id === event.grantId)
  const grant = known ?? newGrant(event.grantId)
  if (!known) request.grants.push(grant)
  addToGrant(grant, event)
}

/** Keeps what a report needs of each event, and not the event. */
export function foldFacts(): { add(entry: LogEntry): void; facts(): PackFacts } {
  const requests = new Map<string, RequestFacts>()
  const rest: Omit<PackFacts, 'requests'> = { others: [], count: 0, firstAt: null, lastAt: null }
  return {
    add: ({ index, event }) => {
      if (!event) return
      rest.count += 1
      rest.firstAt ??= event.at
      rest.lastAt = event.at
      const line = { index, at: event.at, who: event.actorName, sentence: auditSentence(event.type, event.data) }
      if (!event.requestId) return void rest.others.push(line)
      const request = requests.get(event.requestId) ?? newRequest(event.requestId)
      requests.set(event.requestId, request)
      request.lines.push(line)
      addToRequest(request, event)
    },
    facts: () => ({ ...rest, requests: [...requests.values()] }),
  }
}
