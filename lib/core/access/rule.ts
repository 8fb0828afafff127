import { z } from 'zod'
import { unprintable } from './unprintable.ts'

const list = (what: string, item: z.ZodString) =>
  z.array(item).min(1, `name at least one ${what}`).max(64, `at most 64 ${what}s in one rule`)

/**
 * Kubernetes accepts any text as a verb; this accepts the characters that real verbs use, as in
 * `impersonate-on:user-info:list`.
 */
const verb = z.string().regex(/^(\*|[a-z][a-z0-9:*-]{0,62})$/, 'must be a verb in lower case, such as get, or *')
const apiGroup = z
  .string()
  .regex(/^(\*|[a-z0-9.-]{0,253})$/, 'must be an API group such as apps, "" for the core group, or *')
const resource = z
  .string()
  .regex(
    /^(\*|[a-z0-9.-]{1,253}|\*\/[a-z0-9.-]{1,253}|[a-z0-9.-]{1,253}\/[a-z0-9.*-]{1,253})$/,
    'must be a resource in lower-case plural such as deployments or pods/log',
  )
const resourceName = z
  .string()
  .min(1)
  .max(253)
  .regex(new RegExp(`^[^/\\s${unprintable}]+$`, 'u'), 'must be the name of one object')
  .refine((text) => text.isWellFormed(), 'must be the name of one object')

/**
 * A namespaced Kubernetes PolicyRule (k8s.io/api/rbac/v1 `PolicyRule` without nonResourceURLs, which a Role cannot
 * carry). `resourceNames` absent or empty means every name, exactly as in Kubernetes.
 */
export const ruleSchema = z
  .strictObject({
    apiGroups: list('API group', apiGroup),
    resources: list('resource', resource),
    verbs: list('verb', verb),
    resourceNames: z.array(resourceName).max(64).optional(),
  })
  .meta({ id: 'Rule', description: 'A namespaced Kubernetes PolicyRule.' })
export type Rule = z.infer<typeof ruleSchema>

export const rulesSchema = z.array(ruleSchema).min(1, 'name at least one rule').max(32, 'at most 32 rules')

const sorted = (values: readonly string[]) => [...new Set(values)].sort()

/**
 * The one normal form of a rule (sorted, without repeats, no empty `resourceNames`), so that equal rules have equal
 * digests.
 */
export function normalizeRule(rule: Rule): Rule {
  return {
    apiGroups: sorted(rule.apiGroups),
    resources: sorted(rule.resources),
    verbs: sorted(rule.verbs),
    ...(rule.resourceNames?.length ? { resourceNames: sorted(rule.resourceNames) } : {}),
  }
}

/** All rules in normal form, in a fixed order, without repeats. */
export function normalizeRules(rules: readonly Rule[]): Rule[] {
  const byText = new Map(rules.map(normalizeRule).map((rule) => [JSON.stringify(rule), rule]))
  return [...byText.keys()].sort().flatMap((key) => byText.get(key) ?? [])
}
