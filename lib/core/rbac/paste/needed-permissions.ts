// The permissions that a refused call or a command needs, and the smallest rules that grant them.
import { normalizeRules, type Rule } from '#lib/core/access/rule'

/** One permission. '' where a field is absent; `namespace` is null for a cluster-wide call and where it is unknown. */
export type NeededPermission = {
  verb: string
  group: string
  resource: string
  subresource: string
  name: string
  namespace: string | null
}

/** What remains unknown, or why more access would not help. `code` is stable. */
export type Note = { code: string; sentence: string }

/** Each sentence once, in the order of its first appearance. */
export const uniqueNotes = (notes: readonly Note[]): Note[] => [
  ...new Map(notes.map((note) => [note.sentence, note])).values(),
]

/** The object names of a rule under construction; null means every name. */
type Names = Set<string> | null

const nameKey = (names: Names) => (names ? JSON.stringify([...names].sort()) : '')

/**
 * The smallest rules that grant these permissions, wherever the rules are bound. A permission that is needed once without
 * a name needs no `resourceNames`; permissions with the same verbs and names share a rule.
 */
export function leastRulesFor(
  permissions: readonly Pick<NeededPermission, 'verb' | 'group' | 'resource' | 'subresource' | 'name'>[],
): Rule[] {
  const byPermission = new Map<string, { group: string; target: string; verb: string; names: Names }>()
  for (const { verb, group, resource, subresource, name } of permissions) {
    const target = subresource === '' ? resource : `${resource}/${subresource}`
    const key = JSON.stringify([group, target, verb])
    const permission = byPermission.get(key) ?? { group, target, verb, names: new Set<string>() }
    if (name === '') permission.names = null
    else permission.names?.add(name)
    byPermission.set(key, permission)
  }
  const byTarget = new Map<string, { group: string; target: string; verbs: string[]; names: Names }>()
  for (const { group, target, verb, names } of byPermission.values()) {
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
