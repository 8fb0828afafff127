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
const onlyInRules = [
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
]

// The groups that serve each resource, by `deployments`, `deployments/scale` and `*/scale`, and all groups.
type Served = { groupsOf: Map<string, Set<string>>; groups: Set<string> }

function index(known: readonly string[]): Served {
  const served: Served = { groupsOf: new Map(), groups: new Set() }
  for (const key of known) {
    const [group, sub] = [groupOf(key), key.split('/')[1]]
    served.groups.add(group)
    const names = sub === undefined ? [nameOf(key)] : [`${nameOf(key)}/${sub}`, `*/${sub}`]
    for (const name of names) served.groupsOf.set(name, (served.groupsOf.get(name) ?? new Set()).add(group))
  }
  return served
}

/** One set of known resources is asked about for as long as the cluster's reading is the newest. */
const indexes = new WeakMap<ReadonlySet<string>, Served>()

function servedBy(known: ReadonlySet<string>): Served {
  const served = indexes.get(known) ?? index([...known, ...onlyInRules])
  indexes.set(known, served)
  return served
}

// NB: a rule may have 64 groups and 64 resources, and a cluster many hundreds of resources, so no pair of them is compared
// with each resource of the cluster.
function isKnown(groups: ReadonlySet<string>, resource: string, served: Served): boolean {
  if (resource === '*') return groups.has('*') || groups.has('') || !groups.isDisjointFrom(served.groups)
  const serving = served.groupsOf.get(resource)
  if (serving && (groups.has('*') || !groups.isDisjointFrom(serving))) return true
  return resource.startsWith('userextras/') && groups.has('authentication.k8s.io')
}

/**
 * Which groups of a cluster have a resource. NB: a subresource counts as one if its resource does, because rules also name
 * subresources that exist for authorization only, such as builds/custom of OpenShift.
 */
export function servedIn(known: ReadonlySet<string>) {
  const served = servedBy(known)
  return (group: string, resource: string): boolean => {
    const groups = new Set([group])
    const [main = ''] = resource.split('/', 1)
    return isKnown(groups, resource, served) || (resource !== main && isKnown(groups, main, served))
  }
}

/** The groups of a cluster that have a resource. */
export const groupsServing = (known: ReadonlySet<string>, resource: string): Iterable<string> =>
  servedBy(known).groupsOf.get(resource) ?? []

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
  const served = servedBy(known)
  const unknown = rules.flatMap((rule) => {
    const groups = new Set(rule.apiGroups)
    return rule.resources
      .filter((resource) => !isKnown(groups, resource, served))
      .map((resource) => ({ rule, group: rule.apiGroups[0] ?? '', resource }))
  })
  return unknown.map(({ rule, group, resource }, index) => {
    const suggestion = index < maxSuggestions ? suggest(group, resource, keys) : null
    const question = suggestion ? ` Did you mean ${suggestion}?` : ''
    const sentence = `${resourceKey(group, resource)} is not a resource of this cluster and allows nothing.${question}`
    return { rule, group, resource, suggestion, sentence }
  })
}
