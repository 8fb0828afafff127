// The rules of an aggregated ClusterRole after the controller has filled it.
import type { ClusterRole, PolicyRule } from './cluster-objects.ts'

type Selector = NonNullable<NonNullable<ClusterRole['aggregationRule']>['clusterRoleSelectors']>[number]

/** A label selector as Kubernetes matches it. An empty selector matches everything. */
function selects({ matchLabels, matchExpressions }: Selector, labels: Record<string, string>): boolean {
  const has = (key: string) => Object.hasOwn(labels, key)
  const isOneOf = (key: string, values: readonly string[] | null | undefined) =>
    has(key) && (values ?? []).includes(labels[key] ?? '')
  const byLabels = Object.entries(matchLabels ?? {}).every(([key, value]) => has(key) && labels[key] === value)
  const byExpressions = (matchExpressions ?? []).every(({ key, operator, values }) => {
    if (operator === 'In') return isOneOf(key, values)
    // NB: true also where the label is missing.
    if (operator === 'NotIn') return !isOneOf(key, values)
    if (operator === 'Exists') return has(key)
    if (operator === 'DoesNotExist') return !has(key)
    return false
  })
  return byLabels && byExpressions
}

const keyOf = ({ verbs, apiGroups, resources, resourceNames, nonResourceURLs }: PolicyRule) =>
  JSON.stringify([verbs, apiGroups, resources, resourceNames, nonResourceURLs].map((list) => list ?? []))

const byName = (a: ClusterRole, b: ClusterRole) => (a.metadata.name < b.metadata.name ? -1 : 1)

function filled(role: ClusterRole, sorted: readonly ClusterRole[]): ClusterRole {
  const selectors = role.aggregationRule?.clusterRoleSelectors
  if (!selectors?.length) return role
  const rules = new Map<string, PolicyRule>()
  for (const selector of selectors) {
    for (const other of sorted) {
      if (other.metadata.name === role.metadata.name || !selects(selector, other.metadata.labels ?? {})) continue
      for (const rule of other.rules ?? []) {
        const key = keyOf(rule)
        if (!rules.has(key)) rules.set(key, rule)
      }
    }
  }
  return { ...role, rules: [...rules.values()] }
}

/**
 * ClusterRoles with the rules that the aggregation controller would write: for each selector in turn, the rules of the
 * selected ClusterRoles, sorted by name, each rule once. The rules that an aggregated role had before are dropped. An
 * aggregated role may select another one (`admin` selects `edit`), so this repeats until nothing changes. Source:
 * pkg/controller/clusterroleaggregation of kubernetes/kubernetes.
 */
export function aggregate(clusterRoles: readonly ClusterRole[]): ClusterRole[] {
  let current = clusterRoles.map((role) =>
    role.aggregationRule?.clusterRoleSelectors?.length ? { ...role, rules: [] } : role,
  )
  // A rule passes through each role at most once, so it arrives in at most as many rounds as there are roles.
  for (let round = 0; round <= clusterRoles.length; round++) {
    const sorted = [...current].sort(byName)
    const next = current.map((role) => filled(role, sorted))
    const isSettled = next.every((role, index) => (role.rules ?? []).length === (current[index]?.rules ?? []).length)
    current = next
    if (isSettled) break
  }
  return current
}
