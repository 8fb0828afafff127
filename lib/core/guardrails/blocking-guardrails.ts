// Which guardrails of the configuration were in the way? For the record, where they are counted by their names.
import type { ApprovalStep } from '#lib/core/access/entitlement'
import { missingSteps } from '#lib/core/guardrails/configured/approval-steps'
import type { FullJudgement } from './judge.ts'

/** Names that one record holds: a policy may bring a thousand. */
const mostNamed = 200

/** Those that are violated. */
export function violatedOf({ verdict: { violations, matched } }: Pick<FullJudgement, 'verdict'>): string[] {
  const codes = new Set(violations.map(({ code }) => code))
  return matched.filter((name) => codes.has(name)).slice(0, mostNamed)
}

/** Those that want people whom these steps do not name. */
export const requiringMoreThan = (
  { guardrailRequirements }: Pick<FullJudgement, 'guardrailRequirements'>,
  steps: readonly ApprovalStep[],
): string[] =>
  guardrailRequirements
    .filter(({ requires }) => {
      const { approvals = [], approvers = 0 } = requires ?? {}
      return missingSteps(steps, { approvals, approvers }).length > 0
    })
    .map(({ name }) => name)
    .slice(0, mostNamed)
