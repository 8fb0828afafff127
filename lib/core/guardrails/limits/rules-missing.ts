import type { Limit } from '#lib/core/guardrails/facts'
import { rulesInWords } from '#lib/core/rbac/sentence'

export const rulesMissing: Limit = {
  code: 'rules-missing',
  find: ({ entitlement, submission }) => {
    if (entitlement.ceiling === undefined || submission.rules?.length) return []
    const sentence = `Choose the rules that you need. You can choose from: ${rulesInWords(entitlement.ceiling)}.`
    return [{ pointer: '/rules', sentence }]
  },
}
