import { type About, judgedData, type NewAuditEvent, recordEvents } from '#lib/adapters/db/audit/audit'
import type { Tx } from '#lib/adapters/db/client'
import { type Approved, newGrant } from '#lib/adapters/db/grants/create-grant'
import { newId } from '#lib/adapters/db/ids'
import { toJson } from '#lib/adapters/db/json'
import type { RecordedDecision } from '#lib/adapters/db/records-in-sql'
import { signatureOf } from '#lib/adapters/db/signing'
import { ifMoved, moveRequest } from '#lib/adapters/db/transition'
import type { PersonActor } from '#lib/core/access/actor'
import type { Difference } from '#lib/core/access/difference'
import { AppError } from '#lib/core/access/errors'
import type { Id } from '#lib/core/access/ids'
import { viaOf } from '#lib/core/access/recorded-facts'
import type { DecisionInput } from '#lib/core/access/request'
import type { Verdict } from '#lib/core/access/verdict-resource'
import type { ApprovalClock } from '#lib/core/approvals/approval-clock'
import type { Resolution } from '#lib/core/approvals/resolve'
import type { SubjectKind } from '#lib/core/grants/names'
import { decisionStatement } from '#lib/core/signing/statements'
import { Prisma } from '../generated/client.ts'
import type { LockedRequest } from './lock-request.ts'

export type NewDecision = {
  actor: PersonActor
  /** The request before the decision. */
  request: LockedRequest
  /** The terms after the decision, narrowed or not, with their digest. */
  terms: Pick<LockedRequest, 'namespaces' | 'rules' | 'durationSeconds'>
  digest: string
  input: DecisionInput
  /** The verdict on an approval; null for a denial, which is always possible. */
  verdict: Verdict | null
  /** The permissions that were new to the requester at that time. */
  difference: Difference | null
  outcome: Resolution['outcome']
  /** The decisions before this one. */
  earlier: readonly RecordedDecision[]
  /** Who acts with the grant of an approved request. */
  subject: SubjectKind
  /** When the clock of its escalation was stopped. */
  pauses: ApprovalClock['pauses']
  now: Date
  about: About
}

const termsOf = ({ namespaces, rules, durationSeconds }: NewDecision['terms']) =>
  toJson({ namespaces, rules, durationSeconds })

/** The events of a decision, in the order in which a reader would tell them. */
function eventsOf({
  actor,
  request,
  terms,
  digest,
  input,
  verdict,
  difference,
  outcome,
  about: old,
}: NewDecision): NewAuditEvent[] {
  const about = { ...old, namespaces: terms.namespaces }
  const note = input.note || null
  const groups = request.approverGroups.filter((group) => actor.person.groups.includes(group))
  const judged = verdict ? { judged: judgedData(verdict, difference) } : {}
  const data = { decision: input.decision, digest: input.digest, note, groups, ...judged }
  const events: NewAuditEvent[] = [{ type: 'decision.made', actor, data, about }]
  if (digest !== request.digest) {
    const data = { digest: request.digest, result: digest }
    events.push({ type: 'request.narrowed', actor, data, about, before: termsOf(request), after: termsOf(terms) })
  }
  if (outcome === 'approved')
    events.push({ type: 'request.approved', actor, data: { digest, automatic: false }, about })
  if (outcome === 'denied') events.push({ type: 'request.denied', actor, data: { note }, about })
  return events
}

function insertDecision(decision: NewDecision, when: Prisma.Sql = Prisma.sql`true`): Prisma.Sql {
  const { actor, request, terms, digest, input, difference, now } = decision
  const narrowed = digest !== request.digest ? { before: termsOf(request), after: termsOf(terms) } : null
  const { person } = actor
  const id = newId('decision', now)
  const note = input.note || null
  const decided = { id, requestId: request.id, person, decision: input.decision, note, digest: input.digest }
  const signature = signatureOf(
    'decision',
    decisionStatement({ ...decided, result: digest, narrowed, difference, groups: person.groups, createdAt: now }),
  )
  return Prisma.sql`
    INSERT INTO decisions (id, request_id, person_id, decision, note, digest, result, narrowed, difference, groups,
      created_at, signature)
    SELECT ${id}, ${request.id}, ${person.id}, ${input.decision}::decision_kind, ${note}, ${input.digest}, ${digest},
      ${narrowed && JSON.stringify(narrowed)}::jsonb, ${difference && JSON.stringify(difference)}::jsonb,
      ${person.groups}::text[], ${now.toISOString()}::timestamptz, ${signature}
    WHERE ${when}`
}

/** The request as this decision approves it. */
function approvedBy(decision: NewDecision): Approved {
  const { actor, request, terms, digest, input, earlier, subject, pauses, now } = decision
  const { id, cluster, clusterRole, startsAt, reason, ticket, steps, policyHash, requester } = request
  const { entitlementName, entitlement, createdAt, extendsGrantId, heldSince, agent } = request
  const { namespaces, rules, durationSeconds } = terms
  const { person } = actor
  const by = { personId: person.id, person, groups: person.groups }
  return {
    ...{
      id: id as Id<'request'>,
      status: 'approved',
      cluster,
      clusterRole,
      startsAt,
      digest,
      reason,
      ticket,
      steps,
    },
    ...{
      namespaces,
      rules,
      durationSeconds,
      policyHash,
      entitlementName,
      entitlement,
      createdAt,
      pauses,
      extendsGrantId,
      heldSince,
      agent,
      requester,
      subject,
      via: viaOf(request.facts),
    },
    decisions: [...earlier, { ...by, decision: input.decision, result: digest, at: now.toISOString() }],
  }
}

/**
 * Saves a decision and its consequences: narrowed terms, the request's new status, the grant of an approved request.
 * The request must be locked.
 */
export async function saveDecision(tx: Tx, decision: NewDecision) {
  const { request, terms, digest, outcome, now } = decision
  const isNarrowed = digest !== request.digest
  const { namespaces, rules, durationSeconds } = terms
  const set = isNarrowed ? { namespaces, rules, durationSeconds, digest } : {}
  const events = eventsOf(decision)
  const eventAbout = { ...decision.about, namespaces }
  if (outcome !== 'pending') {
    // One statement, because it delays access.
    const grant = outcome === 'approved' ? newGrant(decision.actor, approvedBy(decision), eventAbout, now) : null
    const together = [insertDecision(decision, ifMoved), ...(grant?.together ?? [])]
    const all = [...events, ...(grant?.events ?? [])]
    await moveRequest(tx, request.id, 'pending', outcome, all, { ...set, resolvedAt: now }, together)
    return
  }
  await tx.$executeRaw(insertDecision(decision))
  if (isNarrowed) {
    const where = { id: request.id, status: 'pending', digest: request.digest } as const
    const { count } = await tx.request.updateMany({ where, data: { ...termsOf(terms), digest } })
    if (count === 0)
      throw new AppError('conflict', 'The terms of this request have changed. Reload the page and decide again.')
  }
  await recordEvents(tx, events)
}
