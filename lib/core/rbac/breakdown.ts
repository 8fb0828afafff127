// The single questions that a probe asks the API server, to confirm that rules are allowed or no longer allowed.
import type { Rule } from '#lib/core/access/rule'
import type { Attributes } from './attributes.ts'
import { hasNoName } from './nameless-verbs.ts'
import { splitResource } from './resource-name.ts'

/** More questions would make a probe too slow: at a thousand answers a second these take ten seconds. */
export const maxQuestions = 10_000

/** The number of questions that `breakdown` would return, with repeated ones counted each time. Cheap. */
export function countQuestions(rules: readonly Rule[], namespaces: readonly string[]): number {
  const perNamespace = rules.map(
    (rule) =>
      rule.apiGroups.length * rule.resources.length * rule.verbs.length * Math.max(1, rule.resourceNames?.length ?? 0),
  )
  return perNamespace.reduce((sum, count) => sum + count, 0) * namespaces.length
}

/**
 * Every verb × group × resource × name × namespace as the attributes of one SubjectAccessReview, each once, with a name
 * only where the real call has one. Wildcards are kept, because only a rule with `*` allows a question about `*`.
 * @throws RangeError for more than `maxQuestions`; see `countQuestions`
 */
export function breakdown(rules: readonly Rule[], namespaces: readonly string[]): Attributes[] {
  const count = countQuestions(rules, namespaces)
  if (count > maxQuestions) throw new RangeError(`${count} questions exceed the limit of ${maxQuestions}`)
  const questions = new Map<string, Attributes>()
  for (const namespace of namespaces) {
    for (const rule of rules) {
      const names = rule.resourceNames?.length ? rule.resourceNames : ['']
      for (const group of rule.apiGroups) {
        for (const target of rule.resources) {
          for (const verb of rule.verbs) {
            const parts = splitResource(target)
            for (const name of hasNoName(verb, parts.subresource) ? [''] : names) {
              const attributes = { namespace, verb, group, ...parts, name }
              questions.set(JSON.stringify(attributes), attributes)
            }
          }
        }
      }
    }
  }
  return [...questions.values()]
}
