import { whyExtensionVoid, whyNotExtendable } from '#lib/core/access/extension'
import type { Limit } from '#lib/core/guardrails/facts'

/** At submission the access must be active. Later it is enough that no one has ended it. */
export const extensionNotActive: Limit = {
  code: 'extension-not-active',
  find: ({ extended, now, stage = 'submitting' }) => {
    if (extended === undefined) return []
    const sentence = stage === 'submitting' ? whyNotExtendable(extended, now) : whyExtensionVoid(extended)
    return sentence === null ? [] : [{ pointer: '/extends', sentence }]
  },
}
