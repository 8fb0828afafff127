import type { Limit } from '#lib/core/guardrails/facts'
import { grantedRules } from '#lib/core/guardrails/granted-rules'
import { countQuestions, maxQuestions } from '#lib/core/rbac/breakdown'

const withSeparators = (count: number) => count.toLocaleString('en-US')

/** A grant becomes active only after an access review has allowed each single permission, so their number is bounded. */
export const rulesTooMany: Limit = {
  code: 'rules-too-many',
  find: ({ entitlement, submission, cluster }) => {
    const rules = grantedRules(entitlement, submission.rules, cluster.clusterRoles) ?? []
    const count = countQuestions(rules, submission.namespaces)
    if (count <= maxQuestions) return []
    const [pointer, fewer] = entitlement.ceiling ? ['/rules', 'rules or namespaces'] : ['/namespaces', 'namespaces']
    const sentence = `This request covers ${withSeparators(count)} permissions; the limit is ${withSeparators(maxQuestions)}. Request fewer ${fewer}.`
    return [{ pointer, sentence }]
  },
}
