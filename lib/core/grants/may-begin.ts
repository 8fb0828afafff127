// May this grant begin? The third judgement, after those at submission and at approval: by the people, the policy and
// the cluster as they are right before access is created. The worker gathers the facts and acts on the answer.

import type { Person } from '#lib/core/access/actor'
import type { Difference } from '#lib/core/access/difference'
import type { ApprovalStep, Entitlement } from '#lib/core/access/entitlement'
import { type ExtendedGrant, latestEnd } from '#lib/core/access/extension'
import { groupsStillCounting } from '#lib/core/access/on-call'
import type { RequesterHistory, SubmittedVia } from '#lib/core/access/recorded-facts'
import type { Routing } from '#lib/core/access/routing'
import { normalizeRules, type Rule } from '#lib/core/access/rule'
import type { EndReason, GrantStatus, RequestStatus } from '#lib/core/access/status'
import { digestOf } from '#lib/core/access/terms'
import type { Verdict } from '#lib/core/access/verdict-resource'
import { type ApprovalClock, secondsOn } from '#lib/core/approvals/approval-clock'
import { groupsThatCount, stepsThatCount, withLabelsStillSet } from '#lib/core/approvals/current-steps'
import { selfApproval } from '#lib/core/approvals/no-self-approval'
import { type DecisionFacts, resolve } from '#lib/core/approvals/resolve'
import { missingApprovals, whyViolated } from '#lib/core/guardrails/blocking-guardrails'
import { approvalSteps, asSubmitted } from '#lib/core/guardrails/configured/approval-steps'
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
    /** When the clock of its escalation was stopped. */
    pauses: ApprovalClock['pauses']
    /** The grant that it extends, and when the first of that chain began. */
    extendsGrantId: string | null
    heldSince: Date | null
    /** The program that submitted it for the requester. */
    agent: string | null
    via: SubmittedVia | null
  }
  requester: Person
  decisions: Decision[]
  /** Why these records count for nothing; null when their signatures fit, or the grant is ending. */
  signatureFailure: SignatureFailure | null
}

export const currentEntitlement = (policy: Pick<GrantingPolicy, 'configuration'>, wanted: string) =>
  policy.configuration.entitlements.find(({ name }) => name === wanted)

/** Why the grant may not begin, for its requester and approvers to read. */
export type Refusal = {
  endedBy: EndReason
  code: string
  sentence: string
  /** The guardrails that blocked it. */
  stoppedBy?: readonly string[]
  /** The failed signature, if that is the reason. */
  signatureFailure?: SignatureFailure
}

const ineligible = (code: string, sentence: string): Refusal => ({ endedBy: 'ineligible', code, sentence })

/** Records that Postern did not write grant nothing. NB: they never keep access from ending. */
export const whyNotTrusted = ({ signatureFailure }: GrantFacts): Refusal | null =>
  signatureFailure && rejected(signatureFailure)

const rejected = (signatureFailure: SignatureFailure): Refusal => ({
  ...ineligible('record-refused', signatureFailure.sentence),
  signatureFailure,
})

/** An escalation counts only for decisions after it. */
const whenDecided = ({ createdAt: submittedAt, pauses }: GrantFacts['request'], { at }: { at: string }) => ({
  afterSeconds: secondsOn({ submittedAt, pauses }, new Date(at)),
})

/**
 * The status alone proves nothing: the decisions must approve the request, with each approver's groups at that time.
 */
function whyNotDecided({ request, decisions }: GrantFacts): Refusal | null {
  const { id, steps } = request
  const decided = decisions.map((decision) => ({ ...decision, ...whenDecided(request, decision) }))
  if (resolve(steps, decided).outcome === 'approved') return null
  const sentence = 'The stored request doesn’t match an approval: the required approvals are missing.'
  return rejected({ record: 'request', id, code: 'not-what-was-decided', sentence })
}

/** The stored terms must be the approved ones. Null if they are. */
export function whyNotAsApproved(grant: GrantFacts): Refusal | null {
  const { request, requester, decisions, cluster } = grant
  const signatureFailure = whyNotTrusted(grant)
  if (signatureFailure) return signatureFailure
  const { status, digest } = request
  const terms = { ...request, requester }
  if (status !== 'approved' || request.cluster !== cluster || digestOf(terms) !== digest) {
    return ineligible('digest-mismatch', 'The stored request is not the one that was approved.')
  }
  if (decisions.length > 0 && !decisions.some(({ result }) => result === digest)) {
    return ineligible('digest-mismatch', 'The stored request is not the one that was approved.')
  }
  return null
}

/** The stored terms must be the approved ones, and the approvers must still be allowed to approve them. Null if so. */
export function whyNotApproved(grant: GrantFacts, policy: GrantingPolicy): Refusal | null {
  const { request, requester, decisions } = grant
  const mismatch = whyNotAsApproved(grant)
  if (mismatch) return mismatch
  const entitlement = currentEntitlement(policy, request.entitlement.name)
  if (!entitlement) return ineligible('unknown-entitlement', `${request.entitlement.title} is no longer offered.`)
  const { oneSubjectPerPerson } = policy.configuration.identity
  const selfApprovals = decisions.map(({ person }) => selfApproval(person, requester, oneSubjectPerPerson))
  if (selfApprovals.includes('own-request')) {
    return ineligible('own-request', 'The requester approved their own request.')
  }
  if (selfApprovals.includes('unverified')) {
    return ineligible(
      'unverified',
      'The approver and the requester can’t be told apart: one of them has no verified e-mail address.',
    )
  }
  if (grant.status === 'pending' && isApprovalStale(grant)) {
    return ineligible(
      'approval-stale',
      'This was approved more than a day ago and access never began. Submit a new request.',
    )
  }
  const undecided = whyNotDecided(grant)
  if (undecided) return undecided
  const steps = stepsThatCount({ ...request, requester }, entitlement.approvals, policy.configuration)
  const { outcome } = resolve(steps, decisions.map(asTheyAreNow(grant, entitlement.approvals, policy.configuration)))
  if (outcome !== 'approved') {
    return ineligible('approver-not-eligible', 'An approver is no longer allowed to approve this request.')
  }
  return null
}

/**
 * A decision with the groups that still count: the approver had them then, has them now, and a current step names them.
 */
const asTheyAreNow =
  ({ request, requester }: GrantFacts, current: readonly ApprovalStep[], routing: Routing) =>
  ({ personId, decision, person, groups: then, at }: GrantFacts['decisions'][number]) => {
    const groups = groupsThatCount(
      groupsStillCounting(then, person.groups),
      { ...request, requester },
      current,
      routing,
    )
    return { personId, decision, groups, ...whenDecided(request, { at }) }
  }

/** The state of the cluster, read right before access is created. */
export type LiveFacts = {
  namespaces: Array<{ name: string; labels: Record<string, string> }>
  clusterRoles: Record<string, Rule[]>
  rights: ObservedRights
  /** What the cluster's own access reviews say the terms add for the requester; undefined if it was not asked. */
  difference: Difference | undefined
  /** Other requests of the requester from before this one; null if no guardrail needs them. */
  history: RequesterHistory | null
  /** The access that it extends, as it is now; absent if it extends none. */
  extended?: ExtendedGrant | null
  /** Of each namespace whose pods could be read; null if no guardrail needs them. */
  pods: Gathered['pods']
}

/** The verdict, and what the terms added to the requester's access (null if that was not computed). */
export type Judged = { verdict: Verdict; difference: Difference | null }

/** A refusal, or permission until a window closes (null: for the whole approved duration). */
export type Permission = { refusal: Refusal } | { refusal: null; until: Date | null; judged: Judged }

/** Limits and guardrails must still permit the grant, with the cluster as it is now. */
export function judgePermission(grant: GrantFacts, policy: GrantingPolicy, live: LiveFacts, now: Date): Permission {
  const { request, requester, decisions } = grant
  const current = currentEntitlement(policy, request.entitlement.name)
  if (!current)
    return { refusal: ineligible('unknown-entitlement', `${request.entitlement.title} is no longer offered.`) }
  const facts = toJudgementFacts({
    policy,
    // The terms as they were approved, but the people who are eligible now.
    entitlement: { ...request.entitlement, who: current.who, ...unattendedNow(request, current) },
    submission: { ...request, entitlement: request.entitlement.name },
    requester,
    cluster: live,
    rights: live.rights,
    difference: live.difference,
    history: live.history,
    extended: request.extendsGrantId === null ? undefined : (live.extended ?? null),
    pods: live.pods,
    now,
    stage: 'granting',
  })
  const judgement = judgeFully(policy.compiled, facts)
  const { verdict, limits } = judgement
  const latest = request.heldSince && latestEnd(request.heldSince, request.entitlement)
  const refusal =
    (latest && latest <= now ? ineligible('extension-total-too-long', tooLongInTotal) : null) ??
    whyBlocked(judgement) ??
    whyNotUnattended(request, current, judgement) ??
    whyNotEnough(
      stepsThatCount(
        { ...request, steps: withLabelsStillSet(request.steps, live.namespaces), requester },
        ...([current.approvals, policy.configuration] as const),
      ),
      judgement,
      decisions.map(asTheyAreNow(grant, current.approvals, policy.configuration)),
    ) ??
    whyNotTheSameRole(request, live)
  if (refusal) return { refusal }
  return {
    refusal: null,
    until: soonerOf(limits.until, latest),
    judged: { verdict, difference: facts.currentAccess?.difference ?? null },
  }
}

const tooLongInTotal = 'With its extensions, this access has lasted as long as its entitlement allows.'

/** Extensions of extensions never last longer than the entitlement allows, however long each approval took. */
const soonerOf = (a: Date | null, b: Date | null) => (a && b ? (a < b ? a : b) : (a ?? b))

function whyBlocked(judgement: FullJudgement): Refusal | null {
  const block = whyViolated(judgement)
  if (!block) return null
  const { code, sentences, isFromCluster, stoppedBy } = block
  const sentence = sentences.join(' ')
  return isFromCluster ? { endedBy: 'failure', code, sentence } : { ...ineligible(code, sentence), stoppedBy }
}

/** What no one approved begins only if the entitlement does without people now: by its condition of today, if it has one. */
const unattendedNow = ({ steps }: GrantFacts['request'], { automatic, breakGlass }: Entitlement) =>
  steps.length > 0 ? {} : { automatic, breakGlass }

/** What was granted without the people of its entitlement needs them after all, if the policy no longer does without. */
function whyNotUnattended(
  { steps }: GrantFacts['request'],
  { approvals }: Entitlement,
  judgement: FullJudgement,
): Refusal | null {
  if (steps.length > 0 || approvals.length === 0 || judgement.unattended) return null
  const missing = missingApprovals(judgement, approvals)
  const sentence = missing?.sentence ?? 'The policy changed and now requires an approval. Submit a new request.'
  return { ...ineligible('approvals-missing', sentence), stoppedBy: missing?.stoppedBy ?? [] }
}

/** Guardrails may require more approvals now than when the request was approved. Additional approvals count. */
function whyNotEnough(
  steps: readonly ApprovalStep[],
  judgement: FullJudgement,
  decisions: readonly DecisionFacts[],
): Refusal | null {
  const { requirements } = judgement
  const { outcome } = resolve(approvalSteps(steps, asSubmitted(requirements, steps)), decisions)
  if (outcome === 'approved') return null
  const missing = missingApprovals(judgement, steps)
  const sentence = missing?.sentence ?? 'The approvals no longer satisfy the policy. Submit a new request.'
  return { ...ineligible('approvals-missing', sentence), stoppedBy: missing?.stoppedBy ?? [] }
}

/**
 * A vetted ClusterRole must still have the approved rules. NB: a later change of the ClusterRole changes the access,
 * because the binding refers to it.
 */
export function whyNotTheSameRole(
  { clusterRole, rules }: Pick<GrantFacts['request'], 'clusterRole' | 'rules'>,
  { clusterRoles }: Pick<LiveFacts, 'clusterRoles'>,
): Refusal | null {
  if (!clusterRole) return null
  const text = (some: readonly Rule[] | undefined) => JSON.stringify(normalizeRules(some ?? []))
  if (text(clusterRoles[clusterRole]) === text(rules)) return null
  return ineligible(
    'cluster-role-changed',
    `The ClusterRole ${clusterRole} has changed since the approval. Submit a new request.`,
  )
}
