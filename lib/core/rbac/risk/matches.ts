// Do these rules give this ability, and which of them? Asked the way the API server answers it, with two additions:
// what a rule narrowed to names can reach, and what two rules reach together.
import type { Rule } from '#lib/core/access/rule'
import { allows } from '#lib/core/rbac/allows'
import { type Ability, any, anyObject } from './entry.ts'

/** A rule that gives an ability, and the plainest words for how: `create pods/exec`. */
export type Match = { rule: Rule; how: string }

// The server knows no name when it authorizes these, so names in a rule keep them out, but for the name ''.
const nameless = (verb: string, resource: string) =>
  verb === 'deletecollection' || (verb === 'create' && !resource.includes('/'))

// list and watch carry a name only where the client selects by metadata.name; without, only the name '' matches.
const mayComeWithoutName = (verb: string, resource: string) =>
  verb === 'list' || verb === 'watch' || nameless(verb, resource)

const attributesOf = (verb: string, group: string, resource: string, name: string) => {
  const slash = resource.indexOf('/')
  return slash < 0
    ? { namespace: '', verb, group, resource, subresource: '', name }
    : { namespace: '', verb, group, resource: resource.slice(0, slash), subresource: resource.slice(slash + 1), name }
}

/**
 * Which objects the verb reaches by this rule: `all`, only `named` ones, or null where the rule does not give it.
 * A named `create` is inert by itself; together with `update` or `patch` of the same name it makes the object, for a
 * PUT or apply of what is not there is authorized as `create` with the name.
 */
function reach(
  rule: Rule,
  verb: string,
  group: string,
  resource: string,
  all: readonly Rule[],
): 'all' | 'named' | null {
  const asks = (name: string) => allows([rule], attributesOf(verb, group, resource, name))
  const names = rule.resourceNames ?? []
  if (names.length === 0) return asks('') ? 'all' : null
  if (mayComeWithoutName(verb, resource) && asks('')) return 'all'
  const name = names.find((listed) => listed !== '')
  if (name === undefined || !asks(name)) return null
  if (!nameless(verb, resource)) return 'named'
  if (verb !== 'create') return null
  const writes = (listed: string) =>
    ['update', 'patch'].some((other) => allows(all, attributesOf(other, group, resource, listed)))
  return names.some((listed) => listed !== '' && writes(listed)) ? 'named' : null
}

function resourcesToAsk(ability: Ability, rule: Rule): readonly string[] {
  if (ability.resources === any) return rule.resources
  if (ability.resources === anyObject) return rule.resources.filter((resource) => !resource.includes('/'))
  return ability.resources.flatMap((resource) => {
    if (!resource.endsWith('/')) return [resource]
    // Every subresource: those that the rule names, of this resource or by `*/…`, or any at all by `*`.
    const named = rule.resources.filter((listed) => listed.startsWith(resource) || listed.startsWith('*/'))
    const wild = rule.resources.includes('*') ? ['*'] : []
    return [...named.map((listed) => listed.slice(listed.indexOf('/') + 1)), ...wild].map((sub) => resource + sub)
  })
}

function matchRule(ability: Ability, rule: Rule, all: readonly Rule[]): Match | undefined {
  // Whatever a rule names matches itself, so one of its verbs or groups stands for any.
  const verbs = ability.verbs === any ? rule.verbs.slice(0, 1) : ability.verbs
  const groups = ability.groups === any ? rule.apiGroups.slice(0, 1) : ability.groups
  const resources = resourcesToAsk(ability, rule)
  const unwanted = ability.named === 'never' ? 'named' : ability.named === 'only' ? 'all' : undefined
  for (const verb of verbs) {
    if (!rule.verbs.includes('*') && !rule.verbs.includes(verb)) continue
    for (const group of groups) {
      for (const resource of resources) {
        const reached = reach(rule, verb, group, resource, all)
        if (reached !== null && reached !== unwanted) return { rule, how: `${verb} ${resource}` }
      }
    }
  }
  return undefined
}

/** Every rule that gives the ability, with how; none where they do not. */
export function matchesOf(ability: Ability, rules: readonly Rule[]): Match[] {
  const found = rules.flatMap((rule) => matchRule(ability, rule, rules) ?? [])
  return ability.or ? [...found, ...matchesOf(ability.or, rules)] : found
}
