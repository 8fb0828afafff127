// What a person would gain by rules in addition to their current access.
import type { InNamespaces } from '#lib/core/access/difference'
import type { Rule } from '#lib/core/access/rule'
import { normalizeRules } from '#lib/core/access/rule'
import { covers, heldOf } from './covers.ts'

function grouped(perNamespace: readonly { namespace: string; rules: Rule[] }[]): InNamespaces[] {
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
 * The part of the requested rules that a person would gain in each namespace, and the part that they already hold there.
 * Every requested (group, resource, verb, name) is in exactly one of the two.
 * @param current the current rules by namespace, including cluster-wide ones; a missing namespace has none
 */
export function effectiveDifference(
  current: ReadonlyMap<string, readonly Rule[]>,
  requested: readonly Rule[],
  namespaces: readonly string[],
): { gained: InNamespaces[]; held: InNamespaces[] } {
  const each = [...new Set(namespaces)].sort()
  const nowIn = (namespace: string) => current.get(namespace) ?? []
  return {
    gained: grouped(each.map((namespace) => ({ namespace, rules: covers(nowIn(namespace), requested).uncovered }))),
    held: grouped(each.map((namespace) => ({ namespace, rules: heldOf(nowIn(namespace), requested) }))),
  }
}
