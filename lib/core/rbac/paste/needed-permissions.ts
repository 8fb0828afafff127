// What somebody was refused, or is about to do: single rights, and the least rules that give them.
import { normalizeRules, type Rule } from '#lib/core/access/rule'

/** One right. '' where there is none; `namespace` is null where the call was for the whole cluster, or is not known. */
export type NeededPermission = {
  verb: string
  group: string
  resource: string
  subresource: string
  name: string
  namespace: string | null
}

/** What could not be known, or why asking for access would not help. `code` is stable. */
export type Note = { code: string; sentence: string }

/** One entry of a rule that is being put together: null stands for every name. */
type Names = Set<string> | null

const nameKey = (names: Names) => (names ? JSON.stringify([...names].sort()) : '')

/**
 * The least rules that give these rights, wherever they are bound. What is asked once without a name needs no names;
 * rights with the same verbs and names stand in one rule.
 */
export function leastRulesFor(
  asks: readonly Pick<NeededPermission, 'verb' | 'group' | 'resource' | 'subresource' | 'name'>[],
): Rule[] {
  const byRight = new Map<string, { group: string; target: string; verb: string; names: Names }>()
  for (const { verb, group, resource, subresource, name } of asks) {
    const target = subresource === '' ? resource : `${resource}/${subresource}`
    const key = JSON.stringify([group, target, verb])
    const right = byRight.get(key) ?? { group, target, verb, names: new Set<string>() }
    if (name === '') right.names = null
    else right.names?.add(name)
    byRight.set(key, right)
  }
  const byTarget = new Map<string, { group: string; target: string; verbs: string[]; names: Names }>()
  for (const { group, target, verb, names } of byRight.values()) {
    const key = JSON.stringify([group, target, nameKey(names)])
    const rule = byTarget.get(key) ?? { group, target, verbs: [], names }
    rule.verbs.push(verb)
    byTarget.set(key, rule)
  }
  const byVerbs = new Map<string, Rule>()
  for (const { group, target, verbs, names } of byTarget.values()) {
    const key = JSON.stringify([group, verbs.sort(), nameKey(names)])
    const rule = byVerbs.get(key) ?? {
      apiGroups: [group],
      resources: [],
      verbs,
      ...(names ? { resourceNames: [...names] } : {}),
    }
    rule.resources.push(target)
    byVerbs.set(key, rule)
  }
  return normalizeRules([...byVerbs.values()])
}
