// What becomes possible that is not possible now?
import type { InNamespaces } from '#lib/core/access/difference'
import type { Rule } from '#lib/core/access/rule'
import { normalizeRules } from '#lib/core/access/rule'
import { covers, heldOf } from './covers.ts'

function together(perNamespace: readonly { namespace: string; rules: Rule[] }[]): InNamespaces[] {
  const groups = new Map<string, InNamespaces>()
  for (const { namespace, rules } of perNamespace) {
    if (rules.length === 0) continue
    const normal = normalizeRules(rules)
    const key = JSON.stringify(normal)
    const known = groups.get(key)
    if (known) known.namespaces.push(namespace)
    else groups.set(key, { namespaces: [namespace], rules: normal })
  }
  return [...groups.values()]
}

/**
 * What the asked rules add, in each namespace, to what somebody may do there now, and what of them they may do already.
 * Every single (group, resource, verb, name) that is asked for is in exactly one of the two.
 * @param current the rules that hold now, cluster-wide ones included, by namespace; a namespace that is absent has none
 */
export function effectiveDifference(
  current: ReadonlyMap<string, readonly Rule[]>,
  asked: readonly Rule[],
  namespaces: readonly string[],
): { gained: InNamespaces[]; held: InNamespaces[] } {
  const each = [...new Set(namespaces)].sort()
  const nowIn = (namespace: string) => current.get(namespace) ?? []
  return {
    gained: together(each.map((namespace) => ({ namespace, rules: covers(nowIn(namespace), asked).uncovered }))),
    held: together(each.map((namespace) => ({ namespace, rules: heldOf(nowIn(namespace), asked) }))),
  }
}
