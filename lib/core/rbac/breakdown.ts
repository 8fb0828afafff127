// Which single questions must the API server answer before all of these rules are known to hold, or to be gone?
import type { Rule } from '#lib/core/access/rule'
import type { Attributes } from './attributes.ts'

/** Above this many questions a grant cannot be proven in reasonable time: at a thousand answers a second, ten seconds. */
export const maxQuestions = 10_000

/** How many questions `breakdown` would make at most; repeated ones count each time. Costs nothing to ask. */
export function countQuestions(rules: readonly Rule[], namespaces: readonly string[]): number {
  const perNamespace = rules.map(
    (rule) =>
      rule.apiGroups.length * rule.resources.length * rule.verbs.length * Math.max(1, rule.resourceNames?.length ?? 0),
  )
  return perNamespace.reduce((sum, count) => sum + count, 0) * namespaces.length
}

function splitResource(text: string): { resource: string; subresource: string } {
  const slash = text.indexOf('/')
  return slash < 0
    ? { resource: text, subresource: '' }
    : { resource: text.slice(0, slash), subresource: text.slice(slash + 1) }
}

/**
 * Every verb × group × resource × name × namespace as the attributes of one SubjectAccessReview, each once. Wildcards
 * stay as they are: the API server answers a question about `*` only by a rule that says `*`.
 * @throws RangeError when there would be more than `maxQuestions`; see `countQuestions`
 */
export function breakdown(rules: readonly Rule[], namespaces: readonly string[]): Attributes[] {
  const count = countQuestions(rules, namespaces)
  if (count > maxQuestions) throw new RangeError(`${count} questions are more than ${maxQuestions}`)
  const questions = new Map<string, Attributes>()
  for (const namespace of namespaces) {
    for (const rule of rules) {
      const names = rule.resourceNames?.length ? rule.resourceNames : ['']
      for (const group of rule.apiGroups) {
        for (const target of rule.resources) {
          for (const verb of rule.verbs) {
            for (const name of names) {
              const attributes = { namespace, verb, group, ...splitResource(target), name }
              questions.set(JSON.stringify(attributes), attributes)
            }
          }
        }
      }
    }
  }
  return [...questions.values()]
}
