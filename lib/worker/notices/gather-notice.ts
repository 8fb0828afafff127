import { worseFindings } from '#lib/adapters/db/clusters/posture'
import { notifiedThatItWaits, type OutboxEntry } from '#lib/adapters/db/notices/outbox'
import { findEvent, findRecipients, type RecordedEvent } from '#lib/adapters/db/notices/recipients'
import { toPerson } from '#lib/adapters/db/people/people'
import type { RecordedComment } from '#lib/adapters/db/requests/comments'
import { gatherRequests, type RequestRow, verifyRequestRow } from '#lib/adapters/db/requests/gather-requests'
import { findReview } from '#lib/adapters/db/requests/reviews'
import { currentPolicy } from '#lib/adapters/policy/current'
import { hasGroupInCommon } from '#lib/core/access/absence'
import type { ApprovalStep, Entitlement, Who } from '#lib/core/access/entitlement'
import { totalSeconds } from '#lib/core/access/extension'
import { namedBy, withNamedGroups } from '#lib/core/access/named-people'
import { onCallMailboxes, withOnCallGroups } from '#lib/core/access/rota'
import { namedPeople } from '#lib/core/access/routing'
import type { Rule } from '#lib/core/access/rule'
import { clockOf } from '#lib/core/approvals/approval-clock'
import { currentApprovalSteps, stepsThatCount } from '#lib/core/approvals/current-steps'
import { stepsAt } from '#lib/core/approvals/escalation'
import { auditEvents } from '#lib/core/audit/events'
import { riskOf } from '#lib/core/guardrails/configured/judge-request'
import type { NoticeFacts, RequestFacts } from '#lib/core/notices/content'
import { isPostureReader } from '#lib/core/notices/posture-notice'
import {
  isCurrent,
  isNotified,
  isNotifiedInstead,
  type Recipient,
  type Situation,
} from '#lib/core/notices/who-is-notified'
import { log } from '#lib/observability/log'

export type GatheredNotice = {
  facts: NoticeFacts
  /** When the event happened. */
  at: Date
  /** Is it still so? */
  isCurrent: boolean
  isNotified(recipient: Recipient): boolean
  isNotifiedInstead(colleague: Recipient, away: Recipient): boolean
  /** The people who may have to be notified; the rule itself is isNotified. */
  candidates(): Promise<Recipient[]>
}

/** The escalation that an event records; null for any other event. */
function escalationOf({ type, data }: RecordedEvent) {
  const parsed = type === 'request.escalated' ? auditEvents[type].data.safeParse(data) : null
  return parsed?.data ?? null
}

/** Did no person approve it? */
const isAutomatic = ({ type, data }: RecordedEvent) =>
  type === 'request.approved' && auditEvents[type].data.safeParse(data).data?.automatic === true

/** The handover that an event records; null for any other event. */
function handoverOf({ type, data }: RecordedEvent) {
  const parsed = type === 'request.handed-over' ? auditEvents[type].data.safeParse(data) : null
  return parsed?.data ?? null
}

/** The suspicious call that an event records; null for any other event. */
function suspicionOf({ type, data }: RecordedEvent) {
  const parsed = type === 'activity.suspicious' ? auditEvents[type].data.safeParse(data).data : null
  return parsed ? { kind: parsed.suspicion, account: parsed.account } : null
}

/** The comment that an event records; undefined for any other event, or if Postern did not write the comment. */
function commentOf({ type, data }: RecordedEvent, { comments }: RequestRow) {
  const parsed = type === 'comment.added' ? auditEvents[type].data.safeParse(data) : null
  return comments.find(({ id }) => id === parsed?.data?.id)
}

function discussionOf(comment: RecordedComment | undefined, { comments, requesterId }: RequestRow) {
  if (!comment) return null
  const approverIds = comments.map(({ personId }) => personId).filter((id) => id !== requesterId)
  return { isByRequester: comment.personId === requesterId, approverIds: [...new Set(approverIds)] }
}

type Review = Awaited<ReturnType<typeof findReview>>

function situationOf(row: RequestRow, event: RecordedEvent, notified: readonly string[], review: Review): Situation {
  const { configuration } = currentPolicy()
  const steps = row.steps as ApprovalStep[]
  const entitlement = row.entitlement.document as Entitlement
  const current = configuration.entitlements.find(({ name }) => name === row.entitlementName)
  const requester = toPerson(row.requester)
  const submitted = { steps, entitlement, cluster: row.cluster, requester }
  const currentSteps = currentApprovalSteps(submitted, current?.approvals ?? null, configuration)
  const now = new Date()
  const clock = clockOf(row.createdAt, row.requesterId, row.comments)
  return {
    requester,
    status: row.status,
    steps: stepsAt(stepsThatCount(submitted, current?.approvals ?? null, configuration), clock, now),
    currentSteps: currentSteps && stepsAt(currentSteps, clock, now),
    decided: row.decisions.map(({ person }) => toPerson(person)),
    isAutomatic: isAutomatic(event),
    isOneSubjectPerPerson: configuration.identity.oneSubjectPerPerson,
    reviewers: row.reviewDueAt ? row.approverGroups : [],
    isReviewed: review !== null,
    grantStatus: row.grant?.status ?? null,
    expiresAt: row.grant?.expiresAt ?? null,
    hasBegun: Boolean(row.grant?.activatedAt),
    admins: configuration.roles.admin,
    auditors: configuration.roles.auditor,
    actorId: event.actorId,
    comment: discussionOf(commentOf(event, row), row),
    escalatedTo: escalationOf(event)?.to ?? [],
    handover: handoverOf(event),
    notifiedThatItWaits: notified,
    now,
  }
}

function factsOf(kind: RequestFacts['kind'], row: RequestRow, event: RecordedEvent, review: Review): RequestFacts {
  const { configuration } = currentPolicy()
  const last = row.decisions.at(-1)
  const comment = commentOf(event, row)
  const { title } = row.entitlement.document as Entitlement
  const { severity } = riskOf(row.rules as Rule[], row.namespaces, { configuredRisks: configuration.risks })
  const { id, cluster, namespaces, durationSeconds, startsAt, lapsesAt, reason, ticket, status, heldSince } = row
  return {
    kind,
    publicUrl: configuration.publicUrl,
    request: {
      ...{ id, title, cluster, namespaces, durationSeconds, startsAt, lapsesAt, reason, ticket, status, severity },
      requester: row.requester.name,
      agent: row.agent,
      totalSeconds: heldSince && totalSeconds(heldSince, durationSeconds, row.createdAt),
    },
    breakGlass: row.reviewDueAt && { reviewDueAt: row.reviewDueAt, review },
    decision: last ? { by: last.person.name, note: last.note } : null,
    comment: comment ? { ...comment, by: comment.person.name } : null,
    suspicion: suspicionOf(event),
    escalation: escalationOf(event),
    handover: handoverOf(event),
    grant: row.grant,
  }
}

/** Known people, with Postern's own groups: on call now, or named by a step. */
export async function recipientsNow(which: Parameters<typeof findRecipients>[0]): Promise<Recipient[]> {
  const { configuration } = currentPolicy()
  const found = await findRecipients(which)
  return found.map(({ person, groupsAt }) => ({
    person: withNamedGroups(withOnCallGroups(person, configuration.rotas, new Date()), namedPeople(configuration)),
    groupsAt,
  }))
}

async function candidatesOf(kind: RequestFacts['kind'], situation: Situation): Promise<Recipient[]> {
  const { requester, steps, currentSteps, comment, handover, notifiedThatItWaits, admins, auditors, now } = situation
  const groups = [...steps, ...(currentSteps ?? [])].flatMap((step) => step.groups)
  const membersOf = (groups: readonly string[], ids: readonly string[] = []) => {
    const onCall = onCallMailboxes(currentPolicy().configuration.rotas, groups, now)
    const { mailboxes, subjects } = namedBy(groups)
    return recipientsNow({ ids, groups, mailboxes: [...onCall, ...mailboxes], subjects })
  }
  if (kind === 'request-handed-over') return recipientsNow({ mailboxes: handover?.to ?? [] })
  if (kind === 'request-waits' || kind === 'request-reminder' || kind === 'request-escalated') return membersOf(groups)
  if (kind === 'comment-added') {
    const talking = comment?.approverIds ?? []
    return talking.length > 0 ? recipientsNow({ ids: [requester.id, ...talking] }) : membersOf(groups, [requester.id])
  }
  if (kind === 'break-glass-used' || kind === 'review-due') return membersOf(situation.reviewers)
  if (kind === 'request-decided') return recipientsNow({ ids: [requester.id, ...notifiedThatItWaits] })
  if (kind === 'end-failed')
    return recipientsNow({ ids: [requester.id], groups: admins?.groups ?? [], subjects: admins?.people ?? [] })
  if (kind === 'suspicious-call') return recipientsWith([admins, auditors])
  return recipientsNow({ ids: [requester.id] })
}

/** Everyone with one of these roles. */
const recipientsWith = (roles: readonly (Who | undefined)[]) =>
  recipientsNow({
    groups: roles.flatMap((who) => who?.groups ?? []),
    subjects: roles.flatMap((who) => who?.people ?? []),
  })

/** Of the findings of an event, those that are still open. Null for a cluster that is not configured. */
async function gatherPosture({ at, cluster, data }: RecordedEvent): Promise<GatheredNotice | null> {
  const { publicUrl, clusters, roles } = currentPolicy().configuration
  const event = auditEvents['posture.worsened'].data.safeParse(data).data
  if (!event || !cluster || !clusters.some(({ name }) => name === cluster)) return null
  const { ids, count } = event
  const found = await worseFindings(cluster, ids)
  // Those that the event does not name.
  const more = Math.max(0, count - ids.length)
  const isSome = found.length + more > 0
  const findings = found.map(({ check, subjects, binding, role }) => ({ check, subjects, binding, role }))
  const readers = [roles.admin, roles.auditor]
  return {
    ...{ facts: { kind: 'posture-worsened', publicUrl, cluster, findings, more }, at, isCurrent: isSome },
    isNotified: (recipient) => isSome && isPostureReader(recipient, readers, new Date()),
    isNotifiedInstead: (colleague, away) =>
      isSome &&
      [colleague, away].every((one) => isPostureReader(one, readers, new Date())) &&
      hasGroupInCommon(colleague.person, away.person),
    candidates: () => recipientsWith(readers),
  }
}

/**
 * Everything that a notice needs, as it is now. Null if the records are not as Postern wrote them: someone who can write
 * to the database must not be able to send mails of their own in Postern's name.
 */
export async function gatherNotice({ eventId, kind, requestId }: OutboxEntry): Promise<GatheredNotice | null> {
  const event = await findEvent(eventId)
  if (kind === 'posture-worsened') return event && gatherPosture(event)
  const [row] = requestId ? await gatherRequests([requestId]) : []
  if (!row || !event) return null
  const failure = verifyRequestRow(row)
  if (failure) {
    log.warn({ request: row.id, failure }, 'a notice is not sent: its records are not valid')
    return null
  }
  if (kind === 'comment-added' && !commentOf(event, row)) return null
  const notified = kind === 'request-decided' ? (await notifiedThatItWaits(row.id)).map(({ id }) => id) : []
  const review = row.reviewDueAt ? await findReview(row.id) : null
  const situation = situationOf(row, event, notified, review)
  return {
    ...{ facts: factsOf(kind, row, event, review), at: event.at, isCurrent: isCurrent(kind, situation) },
    isNotified: (recipient) => isNotified(kind, recipient, situation),
    isNotifiedInstead: (colleague, away) => isNotifiedInstead(kind, colleague, away, situation),
    candidates: () => candidatesOf(kind, situation),
  }
}
