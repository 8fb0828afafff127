// May this grant begin? The third judgement, after those at submission and at approval: by the people, the policy and
// the cluster as they are right before access is created. The worker gathers the facts and acts on the answer.

import type { Person } from '#lib/core/access/actor'
import type { Difference } from '#lib/core/access/difference'
import type { ApprovalStep, Entitlement } from '#lib/core/access/entitlement'
import { normalizeRules, type Rule } from '#lib/core/access/rule'
import type { EndReason, GrantStatus, RequestStatus } from '#lib/core/access/status'
import { digestOf } from '#lib/core/access/terms'
import type { Verdict } from '#lib/core/access/verdict-resource'
import { groupsThatCount } from '#lib/core/approvals/current-steps'
import { selfApproval } from '#lib/core/approvals/no-self-approval'
import { type DecisionFacts, resolve } from '#lib/core/approvals/resolve'
import { missingApprovals, violatedGuardrails } from '#lib/core/guardrails/blocking-guardrails'
import { approvalSteps } from '#lib/core/guardrails/configured/approval-steps'
import type { CompiledGuardrail } from '#lib/core/guardrails/configured/compile'
import { type Gathered, toJudgementFacts } from '#lib/core/guardrails/facts'
import { type FullJudgement, judgeFully } from '#lib/core/guardrails/judge'
import type { ObservedRights } from '#lib/core/rbac/current-access'
import type { SignatureFailure } from '#lib/core/signing/verify-records'
import { isApprovalStale } from './approval-staleness.ts'

/** The parts of the current policy that this judgement needs. */
export type GrantingPolicy = {
  hash: string
  compiled: readonly CompiledGuardrail[]
  configuration: Gathered['policy']['configuration'] & {
    entitlements: readonly Entitlement[]
    identity: { oneSubjectPerPerson: boolean }
  }
}

type Decision = {
  personId: string
  decision: 'approve' | 'deny'
  /** The approver as stored now. */
  person: Person
  /** The approver's groups when they decided. */
  groups: readonly string[]
  /** The digest of the terms after this decision. */
  result: string
  at: string
}

/** A grant as stored, with its request and its decisions, at the time `now`. */
export type GrantFacts = {
  now: Date
  status: GrantStatus
  cluster: string
  request: {
    id: string
    status: RequestStatus
    cluster: string
    namespaces: string[]
    rules: Rule[]
    clusterRole: string | null
    durationSeconds: number
    startsAt: Date | null
    digest: string
    reason: string
    ticket: string | null
    steps: ApprovalStep[]
    /** As it was when the request was submitted. */
    entitlement: Entitlement
    createdAt: Date
  }
  requester: Person
  decisions: Decision[]
  /** Why these records count for nothing; null when their signatures fit, or the grant is ending. */
  signatureFailure: SignatureFailure | null
}

export const currentEntitlement = (policy: Pick<GrantingPolicy, 'configuration'>, wanted: string) =>
  policy.configuration.entitlements.find(({ name }) => name === wanted)

/** Why not, for the people of the grant to read. */
export type Refusal = {
  endedBy: EndReason
  code: string
  sentence: string
  /** The guardrails of the configuration that were in the way. */
  stoppedBy?: readonly string[]
  /** The record that was not written by Postern, where that is why. */
  signatureFailure?: SignatureFailure
}

const no = (code: string, sentence: string): Refusal => ({ endedBy: 'ineligible', code, sentence })

/** Records that Postern did not write give nothing, whatever they say. What ends access is not held up by them. */
export const whyNotTrusted = ({ signatureFailure }: GrantFacts): Refusal | null =>
  signatureFailure && refused(signatureFailure)

const refused = (signatureFailure: SignatureFailure): Refusal => ({
  ...no('record-refused', signatureFailure.sentence),
  signatureFailure,
})

/**
 * A status is nobody's word: it is approved when those who were needed said so, each with the groups of that moment.
 */
function whyNotDecided({ request: { id, steps }, decisions }: GrantFacts): Refusal | null {
  if (resolve(steps, decisions).outcome === 'approved') return null
  const sentence = 'What is on record is not what was approved: nobody said yes who was needed for it.'
  return refused({ record: 'request', id, code: 'not-what-was-decided', sentence })
}

/** What the records alone say: is it what was approved? Null is yes. */
export function whyNotAsApproved(grant: GrantFacts): Refusal | null {
  const { request, requester, decisions, cluster } = grant
  const signatureFailure = whyNotTrusted(grant)
  if (signatureFailure) return signatureFailure
  const { status, digest } = request
  const terms = { ...request, requester }
  if (status !== 'approved' || request.cluster !== cluster || digestOf(terms) !== digest) {
    return no('digest-mismatch', 'What is on record is not what was approved.')
  }
  if (decisions.length > 0 && !decisions.some(({ result }) => result === digest)) {
    return no('digest-mismatch', 'What is on record is not what was approved.')
  }
  return null
}

/** What the records alone say: is it what was approved, by people who may still approve it? Null is yes. */
export function whyNotApproved(grant: GrantFacts, policy: GrantingPolicy): Refusal | null {
  const { request, requester, decisions } = grant
  const { steps } = request
  const mismatch = whyNotAsApproved(grant)
  if (mismatch) return mismatch
  const entitlement = currentEntitlement(policy, request.entitlement.name)
  if (!entitlement) return no('unknown-entitlement', `${request.entitlement.title} is no longer offered.`)
  const { oneSubjectPerPerson } = policy.configuration.identity
  const selfApprovals = decisions.map(({ person }) => selfApproval(person, requester, oneSubjectPerPerson))
  if (selfApprovals.includes('own-request')) {
    return no('own-request', 'The requester decided their own request.')
  }
  if (selfApprovals.includes('unverified')) {
    return no(
      'unverified',
      'Nobody can tell whoever decided this from whoever asked: one of them has no verified e-mail.',
    )
  }
  if (grant.status === 'pending' && isApprovalStale(grant)) {
    return no('approval-stale', 'It was approved more than a day ago and never began: ask anew.')
  }
  const undecided = whyNotDecided(grant)
  if (undecided) return undecided
  const { outcome } = resolve(steps, decisions.map(asTheyAreNow(request, entitlement.approvals)))
  if (outcome !== 'approved') {
    return no('approver-not-eligible', 'Somebody who approved this may not approve it any more.')
  }
  return null
}

/**
 * A decision with the groups that still count: those that the person had then and has now, and whose word counts now.
 */
const asTheyAreNow =
  (request: GrantFacts['request'], current: readonly ApprovalStep[]) =>
  ({ personId, decision, person, groups: then }: GrantFacts['decisions'][number]) => {
    const groups = person.groups.filter((group) => then.includes(group))
    return { personId, decision, groups: groupsThatCount(groups, request, current) }
  }

/** What the cluster looks like at this moment. */
export type LiveFacts = {
  namespaces: Array<{ name: string; labels: Record<string, string> }>
  clusterRoles: Record<string, Rule[]>
  rights: ObservedRights
  /** What the cluster itself said just now about the requester; undefined where it was not asked. */
  difference: Difference | undefined
}

/** The cluster says no to these for good; all others are about people and policy. */
const clusterCodes = new Set(['namespace-unknown', 'cluster-role-unknown', 'cluster-unknown'])

/** What a judgement let pass, and what of it was new to the requester then (null: nobody looked). */
export type Judged = { verdict: Verdict; difference: Difference | null }

/** The last judgement: no, or yes until a window closes (null: for as long as was approved). */
export type Permission = { refusal: Refusal } | { refusal: null; until: Date | null; judged: Judged }

/** What the guardrails say, with the cluster as it is at this moment. */
export function judgePermission(grant: GrantFacts, policy: GrantingPolicy, live: LiveFacts, now: Date): Permission {
  const { request, requester, decisions } = grant
  const current = currentEntitlement(policy, request.entitlement.name)
  if (!current) return { refusal: no('unknown-entitlement', `${request.entitlement.title} is no longer offered.`) }
  const facts = toJudgementFacts({
    policy,
    // The terms as they were asked for and approved; who may have them, as it is now.
    entitlement: { ...request.entitlement, who: current.who },
    submission: { ...request, entitlement: request.entitlement.name },
    requester,
    cluster: live,
    rights: live.rights,
    difference: live.difference,
    now,
    stage: 'granting',
  })
  const judgement = judgeFully(policy.compiled, facts)
  const { verdict, limits } = judgement
  const refusal =
    whyViolated(judgement) ??
    whyNotEnough(request, judgement, decisions.map(asTheyAreNow(request, current.approvals))) ??
    whyNotTheSameRole(request, live)
  if (refusal) return { refusal }
  return {
    refusal: null,
    until: limits.until,
    judged: { verdict, difference: facts.currentAccess?.difference ?? null },
  }
}

function whyViolated(judgement: FullJudgement): Refusal | null {
  const { violations } = judgement.verdict
  const [first] = violations
  if (!first) return null
  // What the cluster lacks makes other guardrails complain about the same thing in words that help nobody here.
  const isClusters = clusterCodes.has(first.code)
  const shown = violations.filter(({ code }) => clusterCodes.has(code) === isClusters)
  const sentence = shown.map((violation) => violation.sentence).join(' ')
  if (isClusters) return { endedBy: 'failure', code: first.code, sentence }
  return { ...no(first.code, sentence), stoppedBy: violatedGuardrails(judgement) }
}

/** Guardrails may have come to want more people since it was approved; who approved besides is counted. */
function whyNotEnough(
  { steps }: GrantFacts['request'],
  judgement: FullJudgement,
  decisions: readonly DecisionFacts[],
): Refusal | null {
  const { requirements } = judgement.verdict
  const { outcome } = resolve(approvalSteps(steps, requirements), decisions)
  if (outcome === 'approved') return null
  const missing = missingApprovals(judgement, steps)
  const sentence = missing?.sentence ?? 'The approvals no longer satisfy the policy. Submit a new request.'
  return { ...no('approvals-missing', sentence), stoppedBy: missing?.stoppedBy ?? [] }
}

/** A binding to a ClusterRole gives what the role says tomorrow, so it must say what was approved at least today. */
export function whyNotTheSameRole(
  { clusterRole, rules }: Pick<GrantFacts['request'], 'clusterRole' | 'rules'>,
  { clusterRoles }: Pick<LiveFacts, 'clusterRoles'>,
): Refusal | null {
  if (!clusterRole) return null
  const text = (some: readonly Rule[] | undefined) => JSON.stringify(normalizeRules(some ?? []))
  if (text(clusterRoles[clusterRole]) === text(rules)) return null
  return no('cluster-role-changed', `The ClusterRole ${clusterRole} does not allow what was approved: ask anew.`)
}
