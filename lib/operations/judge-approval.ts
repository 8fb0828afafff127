import type { LockedRequest, Situation } from '#lib/adapters/db/requests/lock-request'
import { currentPolicy } from '#lib/adapters/policy/current'
import type { Difference } from '#lib/core/access/difference'
import type { ApprovalStep } from '#lib/core/access/entitlement'
import { AppError } from '#lib/core/access/errors'
import { viaOf } from '#lib/core/access/recorded-facts'
import type { Verdict } from '#lib/core/access/verdict-resource'
import type { NarrowableTerms } from '#lib/core/approvals/narrow'
import { missingApprovals, whyViolated } from '#lib/core/guardrails/blocking-guardrails'
import { heldWithin, toJudgementFacts } from '#lib/core/guardrails/facts'
import { type FullJudgement, judgeFully } from '#lib/core/guardrails/judge'

/** Why a decision is refused: the error for its author, the code and the guardrails for the audit event. */
export type Refusal = { code: string; error: AppError; stoppedBy: readonly string[] }

export const because = (code: string, error: AppError, stoppedBy: readonly string[] = []): Refusal => {
  return { code, error, stoppedBy }
}

function whyNotEnough(steps: readonly ApprovalStep[], judgement: FullJudgement): Refusal | undefined {
  const missing = missingApprovals(judgement, steps)
  return missing
    ? because('approvals-missing', new AppError('conflict', missing.sentence), missing.stoppedBy)
    : undefined
}

function whyBlocked(judgement: FullJudgement): Refusal | undefined {
  const block = whyViolated(judgement)
  if (!block) return undefined
  const errors = block.sentences.map((message) => ({ pointer: '', message }))
  const sentence = `This request can't be approved: ${block.sentences[0]}`
  return because(block.code, new AppError('guardrail-violation', sentence, { errors }), block.stoppedBy)
}

/**
 * The verdict on these terms now, or why they cannot be approved: people, policy and cluster may have changed since the
 * submission.
 */
export function judgeApproval(
  request: LockedRequest,
  terms: NarrowableTerms,
  situation: Situation,
): { refusal: Refusal } | { refusal?: undefined; verdict: Verdict; difference: Difference | null } {
  const policy = currentPolicy()
  const current = policy.configuration.entitlements.find(({ name }) => name === request.entitlement.name)
  if (!current) {
    const sentence = `The entitlement ${request.entitlement.name} is no longer in the configuration, so this request can't be approved. Deny it, or let it expire.`
    return { refusal: because('entitlement-removed', new AppError('conflict', sentence)) }
  }
  // The entitlement's terms as they were submitted, its eligible people as they are now: a lost group takes effect.
  const facts = toJudgementFacts({
    policy,
    entitlement: { ...request.entitlement, who: current.who },
    requester: request.requester,
    submission: { ...request, ...terms, entitlement: request.entitlement.name, via: viaOf(request.facts) },
    cluster: situation.cluster,
    rights: situation.rights,
    history: situation.history,
    pods: situation.pods,
    extended: situation.extended,
    held: heldWithin(situation.held, policy.configuration),
    now: situation.now,
    stage: 'deciding',
  })
  const judgement = judgeFully(policy.compiled, facts)
  const { verdict } = judgement
  const refusal = whyBlocked(judgement) ?? whyNotEnough(request.steps, judgement)
  return refusal ? { refusal } : { verdict, difference: facts.currentAccess?.difference ?? null }
}
