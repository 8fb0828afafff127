// Which resources named in these rules does the cluster not have? Kubernetes takes any name without a word, and the
// rule then gives nothing: `deployment`, or `deployments` in the core group.
import type { Rule } from '#lib/core/access/rule'

export type UnknownResource = {
  rule: Rule
  group: string
  resource: string
  /** What was probably meant, as `deployments.apps`. */
  suggestion: string | null
  sentence: string
}

// Names that only authorization knows: nothing serves them, so discovery does not list them.
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

/** As `pods`, `pods/log`, `deployments.apps`, `deployments.apps/scale`. */
function keyOf(group: string, resource: string): string {
  const [name = '', ...sub] = resource.split('/')
  return [group === '' ? name : `${name}.${group}`, ...sub].join('/')
}

function isKnown(group: string, resource: string, known: ReadonlySet<string>, keys: readonly string[]): boolean {
  if (resource === '*') return group === '*' || group === '' || keys.some((key) => groupOf(key) === group)
  const key = keyOf(group === '*' ? '' : group, resource)
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

/** Steps of one character (Levenshtein), or `limit` when there are that many or more. Costs the product of the lengths. */
function distance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit
  let row = Array.from({ length: b.length + 1 }, (_, n) => n)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return Math.min(row[b.length] ?? limit, limit)
}

function suggest(group: string, resource: string, keys: readonly string[]): string | null {
  const [name = '', sub] = resource.split('/')
  const tooFar = 3
  const candidates = keys
    .filter((key) => key.split('/')[1] === sub)
    .map((key) => ({
      key,
      steps: distance(name, nameOf(key), tooFar),
      elsewhere: groupOf(key) === group ? 0 : 1,
    }))
    // A name of a few letters is near to too many others.
    .filter(({ steps }) => steps < tooFar && steps * 2 < name.length)
    .sort((a, b) => a.steps - b.steps || a.elsewhere - b.elsewhere || (a.key < b.key ? -1 : 1))
  return candidates[0]?.key ?? null
}

/**
 * The names that grant nothing, each with what was probably meant. `known` is what the cluster serves, in the form of
 * `UnknownResource.suggestion`, subresources included. A group that is not served at all is told once per resource.
 */
export function unknownResources(rules: readonly Rule[], known: ReadonlySet<string>): UnknownResource[] {
  const keys = [...known]
  return rules.flatMap((rule) => {
    // A resource is unknown when no group of its rule serves it: rules often name more groups than each resource has.
    const unknown = rule.resources.filter(
      (resource) => !rule.apiGroups.some((group) => isKnown(group, resource, known, keys)),
    )
    return unknown.map((resource) => {
      const group = rule.apiGroups[0] ?? ''
      const suggestion = suggest(group, resource, keys)
      const meant = suggestion ? `: did you mean ${suggestion}?` : '.'
      return {
        rule,
        group,
        resource,
        suggestion,
        sentence: `${keyOf(group, resource)} is not known to this cluster and grants nothing${meant}`,
      }
    })
  })
}
