import type { Entitlement } from '#lib/core/access/entitlement'
import type { Rule } from '#lib/core/access/rule'
import { normalizeRules } from '#lib/core/access/rule'
import { covers } from '#lib/core/rbac/covers'

type Giving = Pick<Entitlement, 'rules' | 'ceiling' | 'clusterRole'>

/** The most that an entitlement gives, or null where it names a ClusterRole that was never seen in the cluster. */
export function ceilingOf(entitlement: Giving, clusterRoles: Readonly<Record<string, Rule[]>>): Rule[] | null {
  if (entitlement.rules) return entitlement.rules
  if (entitlement.ceiling) return entitlement.ceiling
  const name = entitlement.clusterRole
  return name !== undefined && Object.hasOwn(clusterRoles, name) ? (clusterRoles[name] ?? null) : null
}

/**
 * What would be granted, in normal form: the chosen rules inside a ceiling, else what the entitlement gives. Rules
 * chosen though the entitlement is fixed count only where they are less (an approver narrowed them). Null where it
 * cannot be said: nothing chosen under a ceiling, or a ClusterRole that was never seen. Whether it may be granted is for
 * `evaluate` to say.
 */
export function grantedRules(
  entitlement: Giving,
  chosen: readonly Rule[] | null | undefined,
  clusterRoles: Readonly<Record<string, Rule[]>>,
): Rule[] | null {
  if (entitlement.ceiling) return chosen?.length ? normalizeRules(chosen) : null
  const all = ceilingOf(entitlement, clusterRoles)
  if (!all) return null
  return normalizeRules(chosen?.length && covers(all, chosen).covered ? chosen : all)
}
