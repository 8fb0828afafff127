// Finds the rules that grant an ability, as the API server decides it. Two things go beyond a single access review: what a
// rule with object names can reach, and what two rules can reach together.
import type { Rule } from '#lib/core/access/rule'
import { allows } from '#lib/core/rbac/allows'
import { splitResource } from '#lib/core/rbac/resource-name'
import { type Ability, any, anyChange } from './entry.ts'

/** A rule that grants an ability, and how: `create pods/exec`. */
export type Match = { rule: Rule; how: string }

/** Whether an API group has this resource, as `pods` or `pods/exec`. */
export type Serves = (group: string, resource: string) => boolean | undefined

// The server authorizes these without a name, so a rule with names does not allow them, unless one of the names is ''.
const nameless = (verb: string, resource: string) =>
  verb === 'deletecollection' || (verb === 'create' && !resource.includes('/'))

// list and watch have a name only where the client selects by metadata.name; otherwise only the name '' matches.
const mayComeWithoutName = (verb: string, resource: string) =>
  verb === 'list' || verb === 'watch' || nameless(verb, resource)

const attributesOf = (verb: string, group: string, resource: string, name: string) => ({
  ...{ namespace: '', verb, group, name },
  ...splitResource(resource),
})

/**
 * The objects that the verb reaches by this rule: `all`, only `named` ones, or null where the rule does not allow it.
 * A `create` with names allows nothing alone. Together with `update` or `patch` of the same name it creates the object,
 * because the server authorizes a PUT or apply of a missing object as `create` with its name.
 */
function reach(
  rule: Rule,
  verb: string,
  group: string,
  resource: string,
  all: readonly Rule[],
): 'all' | 'named' | null {
  const isAllowed = (name: string) => allows([rule], attributesOf(verb, group, resource, name))
  const names = rule.resourceNames ?? []
  if (names.length === 0) return isAllowed('') ? 'all' : null
  if (mayComeWithoutName(verb, resource) && isAllowed('')) return 'all'
  const name = names.find((listed) => listed !== '')
  if (name === undefined || !isAllowed(name)) return null
  if (!nameless(verb, resource)) return 'named'
  if (verb !== 'create') return null
  const writes = (listed: string) =>
    ['update', 'patch'].some((other) => allows(all, attributesOf(other, group, resource, listed)))
  return names.some((listed) => listed !== '' && writes(listed)) ? 'named' : null
}

function resourcesToCheck(ability: Ability, rule: Rule): readonly string[] {
  if (ability.resources === any) return rule.resources
  return ability.resources.flatMap((resource) => {
    if (!resource.endsWith('/')) return [resource]
    // Every subresource: those that the rule names for this resource or by `*/…`, and any of them by `*`.
    const named = rule.resources.filter((listed) => listed.startsWith(resource) || listed.startsWith('*/'))
    const wild = rule.resources.includes('*') ? ['*'] : []
    return [...named.map((listed) => listed.slice(listed.indexOf('/') + 1)), ...wild].map((sub) => resource + sub)
  })
}

const reading = ['get', 'list', 'watch']

function verbsToCheck(ability: Ability, rule: Rule): readonly string[] {
  // A rule matches its own verbs, so one of them is enough to represent any.
  if (ability.verbs === any) return rule.verbs.slice(0, 1)
  if (ability.verbs === anyChange) return rule.verbs.filter((verb) => !reading.includes(verb)).slice(0, 1)
  return ability.verbs
}

/** The group `*` with a named resource is about the groups that have that resource, and no others. */
const isAboutOthers = (rule: Rule, group: string, resource: string, serves: Serves) =>
  !rule.apiGroups.includes(group) && !rule.resources.includes('*') && !serves(group, resource)

/** Rules that name nothing but harmless objects. */
const isHarmless = ({ harmlessNames }: Ability, { resourceNames = [] }: Rule) =>
  harmlessNames !== undefined && resourceNames.length > 0 && resourceNames.every((name) => harmlessNames.includes(name))

/** How one rule grants the ability; undefined if it does not. */
export function matchRule(ability: Ability, rule: Rule, all: readonly Rule[], serves: Serves): Match | undefined {
  if (isHarmless(ability, rule)) return undefined
  const verbs = verbsToCheck(ability, rule)
  // A rule matches its own groups, so one of them is enough to represent any.
  const groups = ability.groups === any ? rule.apiGroups.slice(0, 1) : ability.groups
  const resources = resourcesToCheck(ability, rule)
  const unwanted = ability.named === 'never' ? 'named' : ability.named === 'only' ? 'all' : undefined
  for (const verb of verbs) {
    if (!rule.verbs.includes('*') && !rule.verbs.includes(verb)) continue
    for (const group of groups) {
      for (const resource of resources) {
        if (isAboutOthers(rule, group, resource, serves)) continue
        const reached = reach(rule, verb, group, resource, all)
        if (reached !== null && reached !== unwanted) return { rule, how: `${verb} ${resource}` }
      }
    }
  }
  return undefined
}

/** Every rule that grants the ability. */
export function matchesOf(ability: Ability, rules: readonly Rule[], serves: Serves = () => true): Match[] {
  const found = rules.flatMap((rule) => matchRule(ability, rule, rules, serves) ?? [])
  return ability.or ? [...found, ...matchesOf(ability.or, rules, serves)] : found
}
