import { clip, type NewAuditEvent, refuse } from '#lib/adapters/db/audit/audit'
import { type Tx, transaction } from '#lib/adapters/db/client'
import { type GatheredJudgement, gatherJudgement } from '#lib/adapters/db/gather-judgement'
import { type Approved, newGrant, posternActor } from '#lib/adapters/db/grants/create-grant'
import { newId } from '#lib/adapters/db/ids'
import { lockHeld, lockUses } from '#lib/adapters/db/people/held'
import { createRequest, type NewRequest, storePolicy } from '#lib/adapters/db/requests/create-request'
import { moveRequest } from '#lib/adapters/db/transition'
import { type CurrentPolicy, currentPolicy } from '#lib/adapters/policy/current'
import type { Person, PersonActor } from '#lib/core/access/actor'
import { reviewDueAt, skippedGroups } from '#lib/core/access/break-glass'
import type { Entitlement } from '#lib/core/access/entitlement'
import { AppError } from '#lib/core/access/errors'
import type { Id } from '#lib/core/access/ids'
import { type RefusedSubmission, recordable, viaOf, viaOfSubmission } from '#lib/core/access/recorded-facts'
import type { Submission } from '#lib/core/access/request'
import type { RequestStatus } from '#lib/core/access/status'
import { digestOf, type Terms } from '#lib/core/access/terms'
import { unknownEntitlementVerdict, verdictForRequester } from '#lib/core/access/unknown-entitlement'
import type { Verdict } from '#lib/core/access/verdict-resource'
import { lapsesAt } from '#lib/core/approvals/request-expiry'
import { resolve } from '#lib/core/approvals/resolve'
import { subjectKindAt } from '#lib/core/grants/subject-kind'
import type { PolicyFacts } from '#lib/core/guardrails/cel/context'
import { grantedRules } from '#lib/core/guardrails/granted-rules'
import { judgeFully } from '#lib/core/guardrails/judge'
import { violationsOf } from '#lib/core/guardrails/limits/all'
import { requesterNotEligible } from '#lib/core/guardrails/limits/requester-not-eligible'
import { factsToRecord } from '#lib/core/guardrails/replay/record-facts'

export type SubmittedRequest = { id: Id<'request'>; status: RequestStatus; digest: string }

/** The policy and the facts of a judgement, and the facts as its guardrails received them. */
type JudgedBy = { policy: CurrentPolicy; gathered: GatheredJudgement; policyFacts: PolicyFacts }

/** The submission as recorded with its refusal; undefined when it is too large to record. */
function recordedSubmission(
  submission: Submission,
  { gathered, policyFacts }: JudgedBy,
): RefusedSubmission | undefined {
  const { rules = null, durationSeconds, reason, ticket, startsAt } = submission
  return recordable({
    rules,
    durationSeconds,
    reason,
    ticket: ticket || null,
    startsAt: startsAt?.toISOString() ?? null,
    facts: factsToRecord(gathered.facts, policyFacts),
    difference: gathered.facts.currentAccess?.difference,
  })
}

/** Records the attempt as it was judged, and throws the violations that the requester may read, each at its field. */
function refuseSubmission(
  actor: PersonActor,
  submission: Submission,
  judged: Verdict,
  judgedBy?: JudgedBy,
): Promise<never> {
  const shown = verdictForRequester(judged)
  const { violations } = shown
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
      ...(submission.agent ? { agent: submission.agent } : {}),
      errors: judged.violations.map(({ code, pointer, sentence }) => ({ code, pointer, message: clip(sentence) })),
      ...(judgedBy && shown === judged
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
  const keep = judgedBy && !judgedBy.gathered.isPolicyStored ? judgedBy.policy : null
  return refuse(error, refusal, async (tx) => {
    if (keep) await storePolicy(tx, keep)
  })
}

/** A request without approval steps is approved by its entitlement: in the same transaction, by Postern itself. */
async function approveAutomatically(tx: Tx, requester: Person, request: NewRequest, submitted: NewAuditEvent) {
  const { id, terms, digest, gathered, reason, ticket, steps, policy, entitlement, extension, reviewDueAt } = request
  const actor = posternActor(submitted.actor)
  const { now } = gathered.facts
  const { automatic: condition } = request.verdict
  const data = {
    ...{ digest, automatic: true },
    ...(condition ? { condition } : {}),
    ...(reviewDueAt ? { reviewDueAt: reviewDueAt.toISOString() } : {}),
  }
  const approved: NewAuditEvent = { ...submitted, type: 'request.approved', actor, data }
  const { requester: _, ...granted } = terms
  const approvedRequest: Approved = {
    ...{ id, status: 'approved', ...granted, digest, reason, ticket, steps, policyHash: policy.hash, entitlement },
    ...{
      entitlementName: entitlement.name,
      createdAt: now,
      requester,
      decisions: [],
      pauses: [],
      subject: subjectKindAt(currentPolicy().configuration, terms.cluster),
      via: viaOf(request.recorded),
    },
    ...{ extendsGrantId: extension?.grantId ?? null, heldSince: extension?.heldSince ?? null },
  }
  const grant = newGrant(actor, approvedRequest, submitted.about ?? {}, now)
  const events = [submitted, approved, ...grant.events]
  await moveRequest(tx, id, 'pending', 'approved', events, { resolvedAt: now }, grant.together)
}

/** Who looks at break-glass access afterwards, and until when. `now` is null if people decide instead. */
const reviewOf = (entitlement: Entitlement, durationSeconds: number, now: Date | null) => ({
  reviewDueAt: now && entitlement.breakGlass ? reviewDueAt(now, durationSeconds, entitlement.breakGlass) : null,
  readers: skippedGroups(entitlement),
})

/**
 * Submits a request for access. It is judged by every limit and guardrail, and stored with the current versions of its
 * entitlement and of the configuration, so that later changes do not change its terms. A request that needs no approval,
 * by its entitlement and by every guardrail, is approved at once.
 * @throws AppError `guardrail-violation` with every violation at its field; only the refusal is recorded then
 */
export async function submitRequest(actor: PersonActor, submission: Submission): Promise<SubmittedRequest> {
  const policy = currentPolicy()
  const { configuration } = policy
  const entitlement = configuration.entitlements.find(({ name }) => name === submission.entitlement)
  const { person } = actor

  return transaction(async (tx) => {
    if (!entitlement) return refuseSubmission(actor, submission, unknownEntitlementVerdict(policy.hash))
    // Before anything is read: an entitlement for other people takes no longer to refuse than an unknown one.
    const notTheirs = violationsOf(requesterNotEligible, { entitlement, requester: person, submission })
    if (notTheirs.length > 0)
      return refuseSubmission(actor, submission, {
        ...unknownEntitlementVerdict(policy.hash),
        violations: notTheirs,
      })
    await lockHeld(tx, person.id)
    if (entitlement.breakGlass) await lockUses(tx, entitlement.name)
    const agent = submission.agent ?? null
    const via = viaOfSubmission(actor.origin, agent)
    const gathered = await gatherJudgement(tx, {
      ...{ policy, entitlement, requester: person },
      submission: { ...submission, via },
      extends: submission.extends,
    })
    const { verdict, steps, unattended, policyFacts } = judgeFully(policy.compiled, gathered.facts)
    // Nothing is stored of a request that violates a limit or a guardrail, except the attempt.
    if (verdict.violations.length > 0)
      return refuseSubmission(actor, submission, verdict, { policy, gathered, policyFacts })
    const { extended, submission: judged } = gathered.facts
    const rules = grantedRules(entitlement, judged.rules, gathered.facts.cluster.clusterRoles)
    if (!rules) throw new Error(`the rules of ${entitlement.name} are unknown, and no limit was violated`)

    const { now } = gathered.facts
    const terms: Terms = {
      requester: { issuer: person.issuer, subject: person.subject },
      cluster: submission.cluster,
      namespaces: [...new Set(submission.namespaces)].sort(),
      rules,
      clusterRole: entitlement.clusterRole ?? null,
      durationSeconds: submission.durationSeconds,
      startsAt: submission.startsAt ?? null,
      agent,
    }
    const digest = digestOf(terms)
    const id = newId('request', now)
    const { reason } = submission
    const ticket = submission.ticket || null
    const extension =
      submission.extends && extended ? { grantId: submission.extends, heldSince: extended.heldSince } : null
    const lapses = lapsesAt(now, configuration.pending.lapseAfter)
    const request: NewRequest = {
      id,
      requesterId: person.id,
      terms,
      digest,
      entitlement,
      policy,
      gathered,
      recorded: factsToRecord(gathered.facts, policyFacts),
      verdict,
      steps,
      reason,
      ticket,
      extension,
      ...reviewOf(gathered.facts.entitlement, submission.durationSeconds, unattended === 'break-glass' ? now : null),
      // Once the access has expired there is nothing left to extend.
      lapsesAt: extended?.expiresAt && extended.expiresAt < lapses ? extended.expiresAt : lapses,
    }
    const submitted: NewAuditEvent = {
      type: 'request.submitted',
      actor,
      data: {
        ...{ entitlement: entitlement.name, durationSeconds: submission.durationSeconds, digest, reason, ticket },
        ...(agent ? { agent } : {}),
        ...(extension ? { extends: extension.grantId, heldSince: extension.heldSince.toISOString() } : {}),
      },
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
    if (isAutomatic) await approveAutomatically(tx, person, request, submitted)
    return { id, status: isAutomatic ? 'approved' : 'pending', digest }
  })
}
