import type { Limit } from '#lib/core/guardrails/facts'
import { grantedRules } from '#lib/core/guardrails/granted-rules'
import { neverAllowed, whyNeverAllowed } from '#lib/core/rbac/nameless-verbs'

/** *Active* means that it works, so nothing is granted that the API server refuses at every call. */
export const rulesNeverAllowed: Limit = {
  code: 'rules-never-allowed',
  find: ({ entitlement, submission, cluster }) => {
    const sentencesOf = (rule: Parameters<typeof neverAllowed>[0]) =>
      neverAllowed(rule).map((what) => whyNeverAllowed[what])
    if (submission.rules?.length) {
      return submission.rules.flatMap((rule, index) =>
        sentencesOf(rule).map((sentence) => ({ pointer: `/rules/${index}`, sentence })),
      )
    }
    const fixed = grantedRules(entitlement, null, cluster.clusterRoles) ?? []
    const where = entitlement.clusterRole ? `The ClusterRole ${entitlement.clusterRole}` : entitlement.name
    return [...new Set(fixed.flatMap(sentencesOf))].map((sentence) => ({
      pointer: '/entitlement',
      sentence: `${where} has a rule that grants nothing. ${sentence}`,
    }))
  },
}
