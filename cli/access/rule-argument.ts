import { InvalidArgumentError } from 'commander'
import type { Rule } from '#lib/api-client/shapes'

/** `get,list pods,pods/log` or `patch deployments.apps api,worker`. One rule for each API group. */
export function collectRule(text: string, previous: Rule[] = []): Rule[] {
  const [verbs, resources, names, ...rest] = text.trim().split(/\s+/)
  if (!verbs || !resources || rest.length > 0)
    throw new InvalidArgumentError('Use "VERBS RESOURCES [NAMES]", such as "get,list pods,pods/log".')
  const byGroup = Map.groupBy(
    resources.split(','),
    (resource) => resource.split('/')[0]?.split('.').slice(1).join('.') ?? '',
  )
  const rules = [...byGroup].map(([group, found]) => ({
    verbs: verbs.split(','),
    apiGroups: [group],
    resources: found.map((resource) => resource.replace(/\.[^/]*/, '')),
    ...(names ? { resourceNames: names.split(',') } : {}),
  }))
  return [...previous, ...rules]
}

/** Rules on one line, with `;` between them. */
export const rulesOfLine = (text: string): Rule[] =>
  text.split(';').reduce<Rule[]>((rules, one) => collectRule(one, rules), [])

/** The line of such rules. */
export const lineOfRules = (rules: readonly Rule[]): string =>
  rules
    .map(({ verbs, apiGroups: [group], resources, resourceNames }) => {
      const named = resources.map((resource) => (group ? resource.replace(/^[^/]*/, `$&.${group}`) : resource))
      return [verbs, named, resourceNames ?? []]
        .map((words) => words.join(','))
        .join(' ')
        .trim()
    })
    .join('; ')
