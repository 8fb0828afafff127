// Does a set of rules allow a request for a path that is no resource, such as /metrics?
import type { PolicyRule } from './cluster-objects.ts'

/** `*`, the same path, or a prefix before a last `*`; a `*` anywhere else is the character. */
function namesPath(pattern: string, path: string): boolean {
  if (pattern === '*' || pattern === path) return true
  // All stars at the end go: `/foo**` is `/foo*`. A loop, because /\*+$/ is quadratic on a text of stars.
  let end = pattern.length
  while (end > 0 && pattern[end - 1] === '*') end--
  return end < pattern.length && path.startsWith(pattern.slice(0, end))
}

/**
 * Is this request allowed by any one of the rules? Such requests have no namespace: only rules that a
 * ClusterRoleBinding gives count. Source: `NonResourceURLMatches` in pkg/apis/rbac/v1/evaluation_helpers.go.
 * @param verb the HTTP method in lower case
 */
export const allowsPath = (rules: readonly PolicyRule[], verb: string, path: string): boolean =>
  rules.some(
    ({ verbs, nonResourceURLs }) =>
      (verbs?.includes('*') || verbs?.includes(verb)) && nonResourceURLs?.some((pattern) => namesPath(pattern, path)),
  )
