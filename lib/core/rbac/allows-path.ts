// Decides whether rules allow a request for a path that is not a resource, such as /metrics.
import type { PolicyRule } from './cluster-objects.ts'

/** Matches `*`, the same path, or a prefix in front of a trailing `*`. Any other `*` is a literal character. */
function namesPath(pattern: string, path: string): boolean {
  if (pattern === '*' || pattern === path) return true
  // `/foo**` is the same as `/foo*`. A loop, because /\*+$/ is quadratic on a text of stars.
  let end = pattern.length
  while (end > 0 && pattern[end - 1] === '*') end--
  return end < pattern.length && path.startsWith(pattern.slice(0, end))
}

/**
 * Does any of the rules allow this request? It has no namespace, so pass only the rules of ClusterRoleBindings. Source:
 * `NonResourceURLMatches` in pkg/apis/rbac/v1/evaluation_helpers.go.
 * @param verb the HTTP method in lower case
 */
export const allowsPath = (rules: readonly PolicyRule[], verb: string, path: string): boolean =>
  rules.some(
    ({ verbs, nonResourceURLs }) =>
      (verbs?.includes('*') || verbs?.includes(verb)) && nonResourceURLs?.some((pattern) => namesPath(pattern, path)),
  )
