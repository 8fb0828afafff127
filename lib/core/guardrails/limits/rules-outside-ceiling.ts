import { normalizeRules, type Rule } from '#lib/core/access/rule'
import type { Limit, LimitViolation } from '#lib/core/guardrails/facts'
import { ceilingOf } from '#lib/core/guardrails/granted-rules'
import { covers } from '#lib/core/rbac/covers'
import { rulesInWords } from '#lib/core/rbac/sentence'

const areSameRules = (a: readonly Rule[], b: readonly Rule[]) =>
  JSON.stringify(normalizeRules(a)) === JSON.stringify(normalizeRules(b))

/** One violation for each rule that exceeds the ceiling, naming only the excess. */
function excess(chosen: readonly Rule[], ceiling: readonly Rule[], permitted: string): LimitViolation[] {
  return chosen.flatMap((rule, index) => {
    const { covered, uncovered } = covers(ceiling, [rule])
    const sentence = `This entitlement doesn't cover ${rulesInWords(uncovered)}. ${permitted}`
    return covered ? [] : [{ pointer: `/rules/${index}`, sentence }]
  })
}

export const rulesOutsideCeiling: Limit = {
  code: 'rules-outside-ceiling',
  find: ({ entitlement, submission, cluster, extended, stage = 'submitting' }) => {
    const chosen = submission.rules
    if (!chosen?.length) return []
    const ceiling = ceilingOf(entitlement, cluster.clusterRoles)
    // With an unknown ceiling nothing is known to be inside it. `cluster-role-unknown` covers requests without rules.
    if (!ceiling) return [{ pointer: '/rules', sentence: "Rules can't be chosen here. Leave them out." }]
    if (entitlement.ceiling) return excess(chosen, ceiling, `You can choose from: ${rulesInWords(ceiling)}.`)
    // An approver may have narrowed fixed rules, also those that an extension continues; a requester may not choose.
    if (stage !== 'submitting' || extended) return excess(chosen, ceiling, `It grants: ${rulesInWords(ceiling)}.`)
    if (areSameRules(chosen, ceiling)) return []
    const sentence = `${entitlement.name} grants fixed rules. Leave yours out, or request exactly ${rulesInWords(ceiling)}.`
    return [{ pointer: '/rules', sentence }]
  },
}
