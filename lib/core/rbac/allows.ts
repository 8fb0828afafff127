// Decides whether rules allow one request, exactly as the API server's RBAC authorizer does.
import type { Rule } from '#lib/core/access/rule'
import type { Attributes } from './attributes.ts'

/** For verbs and API groups: `*` or the same text. Case counts. */
const includesOrAny = (listed: readonly string[], value: string) => listed.includes('*') || listed.includes(value)

// `pods` does not match `pods/log`. `*` matches subresources too, and `*/scale` the subresource scale of everything.
// NB: `pods/*` is not a wildcard; it is the literal subresource `*`.
function namesResource(resources: readonly string[], { resource, subresource }: Attributes): boolean {
  if (resources.includes('*')) return true
  if (!subresource) return resources.includes(resource)
  return resources.includes(`${resource}/${subresource}`) || resources.includes(`*/${subresource}`)
}

/** No names means every name. NB: here `*` is a literal name, and `''` matches requests without a name. */
const namesObject = (names: readonly string[] | undefined, name: string) => !names?.length || names.includes(name)

/**
 * Does any of the rules allow this request? The namespace is ignored, because a rule applies where it is bound. Source:
 * `RuleAllows` in plugin/pkg/auth/authorizer/rbac/rbac.go and the matchers in pkg/apis/rbac/v1/evaluation_helpers.go of
 * kubernetes/kubernetes.
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
