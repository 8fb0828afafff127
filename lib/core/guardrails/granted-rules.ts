import type { Entitlement } from '#lib/core/access/entitlement'
import type { Rule } from '#lib/core/access/rule'
import { normalizeRules } from '#lib/core/access/rule'
import { covers } from '#lib/core/rbac/covers'

type RuleSource = Pick<Entitlement, 'rules' | 'ceiling' | 'clusterRole'>

/** The most that an entitlement can grant, or null if it names a ClusterRole that was never read from the cluster. */
export function ceilingOf(entitlement: RuleSource, clusterRoles: Readonly<Record<string, Rule[]>>): Rule[] | null {
  if (entitlement.rules) return entitlement.rules
  if (entitlement.ceiling) return entitlement.ceiling
  const name = entitlement.clusterRole
  return name !== undefined && Object.hasOwn(clusterRoles, name) ? (clusterRoles[name] ?? null) : null
}

/**
 * The rules to grant, in normal form: the chosen rules where the entitlement has a ceiling, else the fixed rules. An
 * approver may have narrowed fixed rules; anything wider is ignored. Null if no rules are chosen under a ceiling, or if
 * the ClusterRole was never read. Whether these rules may be granted is decided by the limits, not here.
 */
export function grantedRules(
  entitlement: RuleSource,
  chosen: readonly Rule[] | null | undefined,
  clusterRoles: Readonly<Record<string, Rule[]>>,
): Rule[] | null {
  if (entitlement.ceiling) return chosen?.length ? normalizeRules(chosen) : null
  const all = ceilingOf(entitlement, clusterRoles)
  if (!all) return null
  return normalizeRules(chosen?.length && covers(all, chosen).covered ? chosen : all)
}
