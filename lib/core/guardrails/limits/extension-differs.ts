import { normalizeRules, type Rule } from '#lib/core/access/rule'
import type { Limit, LimitViolation } from '#lib/core/guardrails/facts'
import { grantedRules } from '#lib/core/guardrails/granted-rules'
import { rulesInWords } from '#lib/core/rbac/sentence'

const sorted = (names: readonly string[]) => JSON.stringify([...new Set(names)].sort())
const text = (rules: readonly Rule[]) => JSON.stringify(normalizeRules(rules))

/** An extension continues what was approved: it is not a way to other access. Checked at submission; approvers only narrow. */
export const extensionDiffers: Limit = {
  code: 'extension-differs',
  find: ({ extended, entitlement, submission, cluster, stage = 'submitting' }) => {
    if (!extended || stage !== 'submitting') return []
    const found: LimitViolation[] = []
    const differs = (field: string, what: string) =>
      found.push({ pointer: `/${field}`, sentence: `An extension continues the same access: ${what}.` })
    if (extended.entitlementName !== entitlement.name)
      differs('entitlement', `the entitlement must be ${extended.entitlementName}`)
    if (extended.cluster !== submission.cluster) differs('cluster', `the cluster must be ${extended.cluster}`)
    if (sorted(extended.namespaces) !== sorted(submission.namespaces))
      differs('namespaces', `the namespaces must be ${extended.namespaces.join(', ')}`)
    const rules = grantedRules(entitlement, submission.rules, cluster.clusterRoles)
    const isSameRole = extended.clusterRole === (entitlement.clusterRole ?? null)
    if (found.length === 0 && rules && !(isSameRole && text(rules) === text(extended.rules)))
      differs(
        'rules',
        `it can ${rulesInWords(extended.rules)}. If the entitlement has changed since, submit a new request`,
      )
    if (submission.startsAt) differs('startsAt', 'it begins when it is approved. Leave the start out')
    return found
  },
}
