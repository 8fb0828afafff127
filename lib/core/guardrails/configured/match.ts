// Does a guardrail look at this request at all, and at which of its namespaces?
import { matchesGlob } from '#lib/core/access/glob'
import type { PolicyFacts, RequestedNamespace } from '#lib/core/guardrails/cel/context'
import type { Guardrail } from './schema.ts'

const anyGlob = (globs: readonly string[] | undefined, text: string) =>
  globs === undefined || globs.some((glob) => matchesGlob(glob, text))

function hasLabels(wanted: Readonly<Record<string, string>> | undefined, get: (key: string) => string | undefined) {
  return wanted === undefined || Object.entries(wanted).every(([key, value]) => get(key) === value)
}

/**
 * The namespaces of the request that the guardrail looks at; none means that it does not look at this request. Labels of
 * a namespace and groups that are not known count as the ones looked for: a guardrail is not escaped by what nobody knows.
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
    (match.groups === undefined ||
      requester.groups === null ||
      match.groups.some((group) => requester.groups?.includes(group)))
  if (!isMeant) return []
  return namespaces.filter(
    ({ name, labels }) =>
      anyGlob(match.namespaces, name) &&
      (labels === null || hasLabels(match.namespaceLabels, (key) => labels.get(key))),
  )
}
