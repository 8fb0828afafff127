import type { Violation } from '#lib/core/access/resources'
import { normalizeRules, type Rule } from '#lib/core/access/rule'
import type { Guardrail, JudgementFacts } from '#lib/core/guardrails/facts'
import { ceilingOf } from '#lib/core/guardrails/granted-rules'
import { covers } from '#lib/core/rbac/covers'
import { rulesInWords } from '#lib/core/rbac/sentence'

const isSameRules = (a: readonly Rule[], b: readonly Rule[]) =>
  JSON.stringify(normalizeRules(a)) === JSON.stringify(normalizeRules(b))

const code = 'rules-outside-ceiling'

/** One violation for each rule that asks for more, naming only what is too much. */
function outside(chosen: readonly Rule[], ceiling: readonly Rule[], right: string): Violation[] {
  return chosen.flatMap((rule, index) => {
    const { covered, uncovered } = covers(ceiling, [rule])
    const sentence = `${rulesInWords(uncovered)}: this is more than may be asked for here. ${right}`
    return covered ? [] : [{ code, pointer: `/rules/${index}`, sentence }]
  })
}

function find({ entitlement, submission, cluster, stage = 'asking' }: JudgementFacts): Violation[] {
  const chosen = submission.rules
  if (!chosen?.length) return []
  const ceiling = ceilingOf(entitlement, cluster.clusterRoles)
  // Not known, so not shown to be inside: `cluster-role-unknown` says the same for what was not chosen.
  if (!ceiling) return [{ code, pointer: '/rules', sentence: 'Leave the rules out: they cannot be chosen here.' }]
  if (entitlement.ceiling) return outside(chosen, ceiling, `You may choose from: ${rulesInWords(ceiling)}.`)
  // An approver may have narrowed what is fixed; whoever asks may not choose.
  if (stage !== 'asking') return outside(chosen, ceiling, `It gives: ${rulesInWords(ceiling)}.`)
  if (isSameRules(chosen, ceiling)) return []
  const sentence = `${entitlement.name} gives fixed rules: leave yours out, or ask for exactly ${rulesInWords(ceiling)}.`
  return [{ code, pointer: '/rules', sentence }]
}

export const rulesOutsideCeiling: Guardrail = { code, find }
