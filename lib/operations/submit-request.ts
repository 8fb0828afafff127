import { clip, type NewAuditEvent, refuse } from '#lib/adapters/db/audit/audit'
import { type Tx, transaction } from '#lib/adapters/db/client'
import { type GatheredJudgement, gatherJudgement } from '#lib/adapters/db/gather-judgement'
import { createGrant } from '#lib/adapters/db/grants/create-grant'
import { newId } from '#lib/adapters/db/ids'
import { createRequest, keepPolicy, type NewRequest } from '#lib/adapters/db/requests/create-request'
import { moveRequest } from '#lib/adapters/db/transition'
import { type CurrentPolicy, currentPolicy } from '#lib/adapters/policy/current'
import type { PersonActor, SystemActor } from '#lib/core/access/actor'
import { AppError } from '#lib/core/access/errors'
import type { Id } from '#lib/core/access/ids'
import { type RefusedSubmission, recordable } from '#lib/core/access/recorded-facts'
import type { Submission } from '#lib/core/access/request'
import type { RequestStatus } from '#lib/core/access/status'
import { digestOf, type Terms } from '#lib/core/access/terms'
import { unknownEntitlementVerdict, verdictForRequester } from '#lib/core/access/unknown-entitlement'
import type { Verdict } from '#lib/core/access/verdict-resource'
import { lapsesAt } from '#lib/core/approvals/request-expiry'
import { resolve } from '#lib/core/approvals/resolve'
import type { PolicyFacts } from '#lib/core/guardrails/cel/context'
import { grantedRules } from '#lib/core/guardrails/granted-rules'
import { judgeFully } from '#lib/core/guardrails/judge'
import { violationsOf } from '#lib/core/guardrails/limits/all'
import { requesterNotEligible } from '#lib/core/guardrails/limits/requester-not-eligible'
import { factsToRecord } from '#lib/core/guardrails/replay/record-facts'

export type SubmittedRequest = { id: Id<'request'>; status: RequestStatus; digest: string }

/** What an ask was judged by, and what the guardrails were shown. */
type JudgedBy = { policy: CurrentPolicy; gathered: GatheredJudgement; seen: PolicyFacts }

/** The submission as recorded with its refusal; undefined when it is too large to record. */
function recordedSubmission(submission: Submission, { gathered, seen }: JudgedBy): RefusedSubmission | undefined {
  const { rules = null, durationSeconds, reason, ticket, startsAt } = submission
  return recordable({
    rules,
    durationSeconds,
    reason,
    ticket: ticket || null,
    startsAt: startsAt?.toISOString() ?? null,
    facts: factsToRecord(gathered.facts, seen),
    difference: gathered.facts.currentAccess?.difference,
  })
}

/** Throws every violation, each at its field, and records the attempt as it was judged. */
function refuseSubmission(
  actor: PersonActor,
  submission: Submission,
  judged: Verdict,
  judgedBy?: JudgedBy,
): Promise<never> {
  const told = verdictForRequester(judged)
  const { violations } = told
  const errors = violations.map(({ pointer, sentence }) => ({ pointer, message: sentence }))
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : ''
  const error = new AppError('guardrail-violation', `${errors[0]?.message}${more}`, { errors })
  const refusal: NewAuditEvent = {
    type: 'request.refused',
    actor,
    data: {
      entitlement: submission.entitlement,
      code: judged.violations[0]?.code ?? 'unknown',
      sentence: clip(judged.violations[0]?.sentence ?? ''),
      errors: judged.violations.map(({ code, pointer, sentence }) => ({ code, pointer, message: clip(sentence) })),
      ...(judgedBy && told === judged
        ? { matched: judged.matched, submission: recordedSubmission(submission, judgedBy) }
        : {}),
    },
    about: {
      personId: actor.person.id,
      cluster: submission.cluster,
      namespaces: submission.namespaces,
      policyHash: judged.policyVersion,
    },
  }
  const keep = judgedBy && !judgedBy.gathered.isPolicyKept ? judgedBy.policy : null
  return refuse(error, refusal, async (tx) => {
    if (keep) await keepPolicy(tx, keep)
  })
}

/** Nobody is asked where neither entitlement nor guardrails name a step: the entitlement itself is the approval. */
async function approveAutomatically(tx: Tx, { id, terms, digest, gathered }: NewRequest, submitted: NewAuditEvent) {
  const { origin } = submitted.actor
  const actor: SystemActor = { kind: 'system', component: 'Postern', origin: { ...origin, via: 'system' } }
  const { now } = gathered.facts
  const approved: NewAuditEvent = { ...submitted, type: 'request.approved', actor, data: { digest, automatic: true } }
  await moveRequest(tx, id, 'pending', 'approved', [submitted, approved], { resolvedAt: now })
  await createGrant(tx, { id, ...terms }, now)
}

/**
 * Asks for access. Judged by every guardrail; what is permitted is kept with the entitlement and the configuration as
 * they stand, so that later changes do not change what was asked for. What needs nobody's approval, by the entitlement and
 * by all guardrails, is approved at once.
 * @throws AppError `guardrail-violation` with every violation at its field; nothing but the refusal is kept then
 */
export async function submitRequest(actor: PersonActor, submission: Submission): Promise<SubmittedRequest> {
  const policy = currentPolicy()
  const { configuration } = policy
  const entitlement = configuration.entitlements.find(({ name }) => name === submission.entitlement)
  const { person } = actor

  return transaction(async (tx) => {
    if (!entitlement) return refuseSubmission(actor, submission, unknownEntitlementVerdict(policy.hash))
    // Before anything is looked up: an entitlement for others takes no longer to refuse than one that is not there.
    const notTheirs = violationsOf(requesterNotEligible, { entitlement, requester: person, submission })
    if (notTheirs.length > 0)
      return refuseSubmission(actor, submission, {
        ...unknownEntitlementVerdict(policy.hash),
        violations: notTheirs,
      })
    const gathered = await gatherJudgement(tx, { policy, entitlement, requester: person, submission })
    const { verdict, steps, seen } = judgeFully(policy.compiled, gathered.facts)
    if (verdict.violations.length > 0) return refuseSubmission(actor, submission, verdict, { policy, gathered, seen })
    const rules = grantedRules(entitlement, submission.rules, gathered.facts.cluster.clusterRoles)
    if (!rules) throw new Error(`the rules of ${entitlement.name} are unknown, and no guardrail said so`)

    const { now } = gathered.facts
    const terms: Terms = {
      requester: { issuer: person.issuer, subject: person.subject },
      cluster: submission.cluster,
      namespaces: [...new Set(submission.namespaces)].sort(),
      rules,
      clusterRole: entitlement.clusterRole ?? null,
      durationSeconds: submission.durationSeconds,
      startsAt: submission.startsAt ?? null,
    }
    const digest = digestOf(terms)
    const id = newId('request', now)
    const { reason } = submission
    const ticket = submission.ticket || null
    const request: NewRequest = {
      id,
      requesterId: person.id,
      terms,
      digest,
      entitlement,
      policy,
      gathered,
      recorded: factsToRecord(gathered.facts, seen),
      verdict,
      steps,
      reason,
      ticket,
      lapsesAt: lapsesAt(now, configuration.pending.lapseAfter),
    }
    const submitted: NewAuditEvent = {
      type: 'request.submitted',
      actor,
      data: { entitlement: entitlement.name, durationSeconds: submission.durationSeconds, digest, reason, ticket },
      about: {
        requestId: id,
        personId: person.id,
        cluster: terms.cluster,
        namespaces: terms.namespaces,
        policyHash: policy.hash,
      },
    }
    const isAutomatic = resolve(steps, []).outcome === 'approved'
    await createRequest(tx, request, isAutomatic ? [] : [submitted])
    if (isAutomatic) await approveAutomatically(tx, request, submitted)
    return { id, status: isAutomatic ? 'approved' : 'pending', digest }
  })
}
