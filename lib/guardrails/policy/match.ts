// Does a guardrail look at this request at all, and at which of its namespaces?
import type { PolicyFacts, RequestedNamespace } from './context.ts'
import type { Guardrail } from './schema.ts'

/** `*` is any run of characters, including none. Linear in both lengths: no regular expression, so nothing to blow up. */
export function matchesGlob(glob: string, text: string): boolean {
  const parts = glob.split('*')
  const [first = '', last = ''] = [parts[0], parts.at(-1)]
  if (parts.length === 1) return glob === text
  if (!text.startsWith(first) || !text.endsWith(last) || text.length < first.length + last.length) return false
  let at = first.length
  for (const part of parts.slice(1, -1)) {
    const found = text.indexOf(part, at)
    if (found < 0 || found + part.length > text.length - last.length) return false
    at = found + part.length
  }
  return true
}

const anyGlob = (globs: readonly string[] | undefined, text: string) =>
  globs === undefined || globs.some((glob) => matchesGlob(glob, text))

function hasLabels(wanted: Readonly<Record<string, string>> | undefined, get: (key: string) => string | undefined) {
  return wanted === undefined || Object.entries(wanted).every(([key, value]) => get(key) === value)
}

/**
 * The namespaces of the request that the guardrail looks at; none means that it does not look at this request. Labels of
 * a namespace that are not known count as the ones looked for: a guardrail is not escaped by what nobody knows.
 */
export function matchedNamespaces(
  { match }: Guardrail,
  facts: PolicyFacts,
  namespaces: readonly RequestedNamespace[],
): readonly RequestedNamespace[] {
  if (!match) return namespaces
  const { cluster, requester, entitlement } = facts
  const isMeant =
    anyGlob(match.clusters, cluster.name) &&
    anyGlob(match.entitlements, entitlement.name) &&
    hasLabels(match.clusterLabels, (key) => (Object.hasOwn(cluster.labels, key) ? cluster.labels[key] : undefined)) &&
    (match.groups === undefined || match.groups.some((group) => requester.groups.includes(group)))
  if (!isMeant) return []
  return namespaces.filter(
    ({ name, labels }) =>
      anyGlob(match.namespaces, name) &&
      (labels === null || hasLabels(match.namespaceLabels, (key) => labels.get(key))),
  )
}
