// Finds resources in rules that the cluster does not have, such as `deployment`, or `deployments` in the core group.
// Kubernetes accepts any name without a warning, and the rule then allows nothing.
import { nearest } from '#lib/core/access/nearest'
import type { Rule } from '#lib/core/access/rule'
import { resourceKey } from '#lib/core/rbac/resource-name'

export type UnknownResource = {
  rule: Rule
  group: string
  resource: string
  /** The resource that was probably meant, as `deployments.apps`. */
  suggestion: string | null
  sentence: string
}

// Names that exist for authorization only. No server serves them, so discovery does not list them.
const onlyInRules = new Set([
  'users',
  'groups',
  'uids.authentication.k8s.io',
  'users.authentication.k8s.io',
  'groups.authentication.k8s.io',
  'serviceaccounts.authentication.k8s.io',
  'nodes.authentication.k8s.io',
  'signers.certificates.k8s.io',
  'nodes/metrics',
  'nodes/stats',
  'nodes/log',
  'nodes/pods',
  'nodes/configz',
  'nodes/healthz',
])

function isKnown(group: string, resource: string, known: ReadonlySet<string>, keys: readonly string[]): boolean {
  if (resource === '*') return group === '*' || group === '' || keys.some((key) => groupOf(key) === group)
  const key = resourceKey(group === '*' ? '' : group, resource)
  if (known.has(key) || onlyInRules.has(key) || /^userextras\.authentication\.k8s\.io\//.test(key)) return true
  if (!resource.startsWith('*/') && group !== '*') return false
  const [name = '', sub] = resource.split('/')
  return keys.some(
    (candidate) =>
      (group === '*' || groupOf(candidate) === group) &&
      (name === '*' || nameOf(candidate) === name) &&
      candidate.split('/')[1] === sub,
  )
}

const nameOf = (key: string) => key.split(/[./]/, 1)[0] ?? ''
const groupOf = (key: string) => (key.split('/', 1)[0] ?? '').slice(nameOf(key).length + 1)

/** Suggestions cost time, and no page shows more of them. */
const maxSuggestions = 10

/** The known resource that was probably meant: the same subresource, and if possible the same group. */
function suggest(group: string, resource: string, keys: readonly string[]): string | null {
  const [name = '', sub] = resource.split('/')
  const rank = (key: string) => (groupOf(key) === group ? 0 : 1)
  const candidates = keys
    .filter((key) => key.split('/')[1] === sub)
    .sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1))
  const meant = nearest(name, candidates.map(nameOf))
  return candidates.find((key) => nameOf(key) === meant) ?? null
}

/**
 * The resources that allow nothing, the first of them with a suggestion. `known` is what the cluster serves, in the form
 * of `UnknownResource.suggestion`, subresources included.
 */
export function unknownResources(rules: readonly Rule[], known: ReadonlySet<string>): UnknownResource[] {
  const keys = [...known]
  // A resource is unknown when no group of its rule serves it: a rule often names more groups than each resource has.
  const unknown = rules.flatMap((rule) =>
    rule.resources
      .filter((resource) => !rule.apiGroups.some((group) => isKnown(group, resource, known, keys)))
      .map((resource) => ({ rule, group: rule.apiGroups[0] ?? '', resource })),
  )
  return unknown.map(({ rule, group, resource }, index) => {
    const suggestion = index < maxSuggestions ? suggest(group, resource, keys) : null
    const question = suggestion ? ` Did you mean ${suggestion}?` : ''
    const sentence = `${resourceKey(group, resource)} is not a resource of this cluster and allows nothing.${question}`
    return { rule, group, resource, suggestion, sentence }
  })
}
