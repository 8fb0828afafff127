// Does a set of rules allow one request? Exactly as the API server's RBAC authorizer answers it.
import type { Rule } from '#lib/core/access/rule'
import type { Attributes } from './attributes.ts'

/** `*` or the same text; case counts. The same for verbs and for API groups. */
const includesOrAny = (listed: readonly string[], asked: string) => listed.includes('*') || listed.includes(asked)

// `pods` does not name `pods/log`; `*` names subresources too; `*/scale` names the scale of everything, and nothing
// without a subresource. NB: `pods/*` is no wildcard but the literal subresource `*`.
function namesResource(resources: readonly string[], { resource, subresource }: Attributes): boolean {
  if (resources.includes('*')) return true
  if (!subresource) return resources.includes(resource)
  return resources.includes(`${resource}/${subresource}`) || resources.includes(`*/${subresource}`)
}

/** No names means every name. NB: `*` is here the literal name, and `''` matches requests without one. */
const namesObject = (names: readonly string[] | undefined, asked: string) => !names?.length || names.includes(asked)

/**
 * Is this request allowed by any one of the rules, wherever they are bound? The namespace is not looked at: a rule
 * holds where its binding is. Source: `RuleAllows` in plugin/pkg/auth/authorizer/rbac/rbac.go and the matchers in
 * pkg/apis/rbac/v1/evaluation_helpers.go of kubernetes/kubernetes.
 */
export function allows(rules: readonly Rule[], attributes: Attributes): boolean {
  return rules.some(
    (rule) =>
      includesOrAny(rule.verbs, attributes.verb) &&
      includesOrAny(rule.apiGroups, attributes.group) &&
      namesResource(rule.resources, attributes) &&
      namesObject(rule.resourceNames, attributes.name),
  )
}
