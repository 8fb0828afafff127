// Which namespaces of a request does a guardrail apply to, if any?
import { matchesGlob } from '#lib/core/access/glob'
import type { PolicyFacts, RequestedNamespace } from '#lib/core/guardrails/cel/context'
import type { Guardrail } from './schema.ts'

const anyGlob = (globs: readonly string[] | undefined, text: string) =>
  globs === undefined || globs.some((glob) => matchesGlob(glob, text))

function hasLabels(selector: Readonly<Record<string, string>> | undefined, get: (key: string) => string | undefined) {
  return selector === undefined || Object.entries(selector).every(([key, value]) => get(key) === value)
}

/** Where rules apply. Requests are for namespaces; a manifest may also grant rules in the whole cluster. */
export type Scope = NonNullable<NonNullable<Guardrail['match']>['scope']>

type Match = NonNullable<Guardrail['match']>

/** Does it apply in this cluster at all? */
export const matchesCluster = (
  { clusters, clusterLabels }: Pick<Match, 'clusters' | 'clusterLabels'>,
  { name, labels }: { name: string; labels: Readonly<Record<string, string>> },
): boolean =>
  anyGlob(clusters, name) && hasLabels(clusterLabels, (key) => (Object.hasOwn(labels, key) ? labels[key] : undefined))

/**
 * The namespaces of the request that the guardrail applies to; empty if it does not apply to the request. Unknown labels
 * of a namespace and unknown groups count as a match, so that a request cannot escape a guardrail by being unknown.
 */
export function matchedNamespaces(
  { match }: Guardrail,
  facts: PolicyFacts,
  namespaces: readonly RequestedNamespace[],
  scope: Scope = 'namespaced',
): readonly RequestedNamespace[] {
  if (!match) return namespaces
  const { cluster, requester, entitlement } = facts
  const isMatch =
    (match.scope ?? scope) === scope &&
    matchesCluster(match, cluster) &&
    anyGlob(match.entitlements, entitlement.name) &&
    (match.groups === undefined ||
      requester.groups === null ||
      match.groups.some((group) => requester.groups?.includes(group)))
  if (!isMatch) return []
  return namespaces.filter(
    ({ name, labels }) =>
      anyGlob(match.namespaces, name) &&
      (labels === null || hasLabels(match.namespaceLabels, (key) => labels.get(key))),
  )
}
