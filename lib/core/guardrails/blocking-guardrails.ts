// Which violations and guardrails of the policy keep a request from being approved or granted? The guardrails' names are
// recorded and counted.

import type { ApprovalStep } from '#lib/core/access/entitlement'
import { groupsInWords } from '#lib/core/access/on-call'
import { missingSteps } from '#lib/core/guardrails/configured/approval-steps'
import type { FullJudgement } from './judge.ts'

/** One record names no more than this; a policy can have a thousand guardrails. */
const maxNamed = 200

/** Violations that the cluster causes. All others are about people and policy. */
const clusterCodes = new Set(['namespace-unknown', 'cluster-role-unknown', 'cluster-unknown'])

type Block = { code: string; sentences: string[]; isFromCluster: boolean; stoppedBy: string[] }

/** What is violated, as the people concerned read it; null where nothing is. */
export function whyViolated({ verdict: { violations, matched } }: Pick<FullJudgement, 'verdict'>): Block | null {
  const [first] = violations
  if (!first) return null
  // If the cluster lacks something, other limits report the same problem in less helpful words.
  const isFromCluster = clusterCodes.has(first.code)
  const shown = violations.filter(({ code }) => clusterCodes.has(code) === isFromCluster)
  const codes = new Set(violations.map(({ code }) => code))
  return {
    code: first.code,
    sentences: shown.map(({ sentence }) => sentence),
    isFromCluster,
    stoppedBy: matched.filter((name) => codes.has(name)).slice(0, maxNamed),
  }
}

type MissingApprovals = { sentence: string; stoppedBy: string[] }

/**
 * The approvals that the policy has come to require since a request was submitted with these steps; null where the steps
 * are enough. The steps are part of what every approver has read, so they do not grow while people decide.
 */
export function missingApprovals(
  { requirements, guardrailRequirements }: Pick<FullJudgement, 'requirements' | 'guardrailRequirements'>,
  steps: readonly ApprovalStep[],
): MissingApprovals | null {
  const missing = missingSteps(steps, requirements)
  if (missing.length === 0) return null
  const required = missing.map(({ groups, count }) => `${approvals(count)} from ${groupsInWords(groups)}`).join(' and ')
  const stoppedBy = guardrailRequirements.filter(({ requires }) => {
    const { approvals = [], approvers = 0 } = requires ?? {}
    return missingSteps(steps, { approvals, approvers }).length > 0
  })
  return {
    sentence: `The policy changed after this request was submitted and now requires ${required}. Submit a new request.`,
    stoppedBy: stoppedBy.map(({ name }) => name).slice(0, maxNamed),
  }
}

const approvals = (count: number) => (count === 1 ? 'one more approval' : `${count} more approvals`)
