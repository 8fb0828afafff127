import type { Guardrail } from '#lib/core/guardrails/facts'
import { rulesInWords } from '#lib/core/rbac/sentence'

export const rulesMissing: Guardrail = {
  code: 'rules-missing',
  find: ({ entitlement, submission }) =>
    entitlement.ceiling === undefined || submission.rules?.length
      ? []
      : [
          {
            code: 'rules-missing',
            pointer: '/rules',
            sentence: `Say which rules you need; you may choose from: ${rulesInWords(entitlement.ceiling)}.`,
          },
        ],
}
