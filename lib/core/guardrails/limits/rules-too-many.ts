import type { Guardrail } from '#lib/core/guardrails/facts'
import { grantedRules } from '#lib/core/guardrails/granted-rules'
import { countQuestions, maxQuestions } from '#lib/core/rbac/breakdown'

/** A grant becomes active only after the cluster said *allowed* to each single thing it allows: that must be doable. */
export const rulesTooMany: Guardrail = {
  code: 'rules-too-many',
  find: ({ entitlement, submission, cluster }) => {
    const rules = grantedRules(entitlement, submission.rules, cluster.clusterRoles) ?? []
    const count = countQuestions(rules, submission.namespaces)
    if (count <= maxQuestions) return []
    const pointer = entitlement.ceiling ? '/rules' : '/namespaces'
    const sentence = `This is ${count} single permissions, and at most ${maxQuestions} can be proven at once: ask for fewer ${entitlement.ceiling ? 'rules or namespaces' : 'namespaces'}.`
    return [{ code: 'rules-too-many', pointer, sentence }]
  },
}
