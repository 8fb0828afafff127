import { toPerson, toPersonResource } from '#lib/adapters/db/people/people'
import { gatherRequests, type RequestRow, verifyRequestRow } from '#lib/adapters/db/requests/gather-requests'
import type { PersonActor } from '#lib/core/access/actor'
import { formatDuration } from '#lib/core/access/duration'
import type { Entitlement } from '#lib/core/access/entitlement'
import { isLastQuarter, totalSeconds, whyExtensionVoid } from '#lib/core/access/extension'
import type { May } from '#lib/core/access/may'
import { mayExtend, mayIssueCredential, mayRelease, mayRevoke, mayWithdraw } from '#lib/core/access/may-act'
import { viaOf } from '#lib/core/access/recorded-facts'
import type { RequestSummary } from '#lib/core/access/request-resource'
import type { Rule } from '#lib/core/access/rule'
import { type ApprovalClock, clockOf, stoppedSince } from '#lib/core/approvals/approval-clock'
import { allGroups, stepsAt } from '#lib/core/approvals/escalation'
import { mayDecide } from '#lib/core/approvals/may-decide'
import { hasExpired } from '#lib/core/approvals/request-expiry'
import { gatherPeopleOfSteps, type PeopleOfSteps } from './people-of-steps.ts'
import { riskOf } from './risk.ts'
import { currentStepsOf, isOneSubjectPerPerson, stepsOf, toSteps } from './steps.ts'

const iso = (date: Date | null) => date?.toISOString() ?? null

export const titleOf = (row: { entitlement: { document: unknown } }): string =>
  (row.entitlement.document as Entitlement).title

/** The clock of the request's reminders and escalations. */
export const clockOfRow = ({ createdAt, requesterId, comments }: RequestRow): ApprovalClock =>
  clockOf(createdAt, requesterId, comments)

/** What decides who may decide or comment on a request. */
export function decidingFacts(actor: PersonActor, row: RequestRow, now: Date) {
  const currentSteps = currentStepsOf(row)
  const clock = clockOfRow(row)
  return {
    ...{ person: actor.person, requester: row.requester },
    steps: stepsAt(stepsOf(row), clock, now),
    currentSteps: currentSteps && stepsAt(currentSteps, clock, now),
    isOneSubjectPerPerson: isOneSubjectPerPerson(),
  }
}

function mayDecideRow(actor: PersonActor, row: RequestRow, now: Date): May {
  const decided = row.decisions.map(({ person }) => person)
  const may = mayDecide({ ...decidingFacts(actor, row, now), status: row.status, decided })
  if (!may.may) return { may: false, why: may.why }
  if (hasExpired(row, now)) return { may: false, why: 'This request has expired without a decision.' }
  return { may: true }
}

/** The total is that of a beginning at submission, so that it is the same for everyone who reads it. */
function extensionOf(row: RequestRow): RequestSummary['extends'] {
  const { extendsGrantId, extendsGrant, heldSince, durationSeconds, createdAt } = row
  if (extendsGrantId === null || heldSince === null) return null
  const total = formatDuration(totalSeconds(heldSince, durationSeconds, createdAt))
  const isVoid = row.status === 'pending' ? whyExtensionVoid(extendsGrant) : null
  return { grantId: extendsGrantId, heldSince: heldSince.toISOString(), total, void: isVoid }
}

/** One request as lists show it to this reader, with what they may do with it. */
export function toSummary(actor: PersonActor, row: RequestRow, people: PeopleOfSteps): RequestSummary {
  const { now } = people
  const { grant } = row
  const requester = toPerson(row.requester)
  const steps = {
    requester,
    steps: stepsOf(row),
    currentSteps: currentStepsOf(row),
    isOpen: row.status === 'pending',
    clock: clockOfRow(row),
    approverGroups: row.approverGroups,
    decisions: row.decisions.map((one) => ({ ...one, person: toPerson(one.person) })),
  }
  return {
    id: row.id,
    status: row.status,
    title: titleOf(row),
    entitlement: row.entitlementName,
    requester: toPersonResource(row.requester),
    cluster: row.cluster,
    namespaces: row.namespaces,
    rules: row.rules as Rule[],
    clusterRole: row.clusterRole,
    risk: riskOf(row.rules as Rule[], row.namespaces),
    reason: row.reason,
    ticket: row.ticket,
    duration: formatDuration(row.durationSeconds),
    startsAt: iso(row.startsAt),
    agent: row.agent,
    via: viaOf(row.facts),
    digest: row.digest,
    createdAt: row.createdAt.toISOString(),
    lapsesAt: row.lapsesAt.toISOString(),
    reviewDueAt: iso(row.reviewDueAt),
    extends: extensionOf(row),
    resolvedAt: iso(row.resolvedAt),
    needsInformationSince: row.status === 'pending' ? iso(stoppedSince(steps.clock)) : null,
    steps: toSteps(steps, people),
    // Of a resolved request, the grant and the history show what was refused.
    signatureFailure: row.status === 'pending' ? (verifyRequestRow(row)?.sentence ?? null) : null,
    grant: grant && {
      id: grant.id,
      status: grant.status,
      activatedAt: iso(grant.activatedAt),
      expiresAt: iso(grant.expiresAt),
      endedAt: iso(grant.endedAt),
      endedBy: grant.endedBy,
      lastError: grant.lastError,
    },
    isLastQuarter: Boolean(
      grant?.activatedAt && grant.expiresAt && isLastQuarter(grant.activatedAt, grant.expiresAt, now),
    ),
    can: {
      decide: mayDecideRow(actor, row, now),
      withdraw: mayWithdraw(actor, row),
      revoke: mayRevoke(actor, row, grant),
      release: mayRelease(actor, row, grant),
      extend: mayExtend(actor, row, grant, now),
      issueCredential: mayIssueCredential(actor, row, grant, now),
    },
  }
}

/** Everyone who could approve these requests, in one statement. */
export const gatherPeople = (rows: ReadonlyArray<Parameters<typeof stepsOf>[0]>): Promise<PeopleOfSteps> =>
  gatherPeopleOfSteps(rows.filter(({ status }) => status === 'pending').flatMap((row) => stepsOf(row).map(allGroups)))

/** The requests with these ids, in this order, as lists show them. NB: the caller checks whether the reader may see them. */
export async function summariesOf(actor: PersonActor, ids: readonly string[]): Promise<RequestSummary[]> {
  if (ids.length === 0) return []
  const rows = await gatherRequests(ids)
  const people = await gatherPeople(rows)
  return rows.map((row) => toSummary(actor, row, people))
}
