// The roles that a binding can refer to: those of the input, those that exist already (`--roles`), and those that are built
// into the API server.
import type { Rule } from '#lib/core/access/rule'
import type { Severity } from '#lib/core/access/severity'
import { type PathRule, type PolicyRule, pathRules, resourceRules } from '#lib/core/rbac/cluster-objects'
import builtinRoles from '../rbac/builtin-roles.json' with { type: 'json' }

export type RoleName = { kind: string; namespace: string | null; name: string }

/** The rules of a role, for resources and for paths. */
export type GrantedRules = { rules: readonly Rule[]; paths: readonly PathRule[] }

/** `input`: judged already. `existing`: from `--roles`. `builtin`: created by the API server. */
export type KnownRole = {
  rules: Rule[]
  paths: PathRule[]
  origin: 'input' | 'existing' | 'builtin'
  /** The severities of the guardrails that were reported for the role itself; null if there are none. */
  reported: Map<string, Severity> | null
}

const keyOf = ({ kind, namespace, name }: RoleName) => `${kind} ${kind === 'Role' ? (namespace ?? '') : ''}/${name}`

const builtinClusterRoles = new Map<string, PolicyRule[]>(Object.entries(builtinRoles.ClusterRole))
const builtinNamespacedRoles = new Map<string, PolicyRule[]>(Object.entries(builtinRoles.Role))

export class KnownRoles {
  readonly #roles = new Map<string, KnownRole>()
  /** Every rule once, because many roles have the same ones. */
  readonly #rules = new Map<string, Rule>()

  /** If two roles have the same name, a binding counts as granting both, because either may be applied last. */
  add(role: RoleName, { rules, paths }: GrantedRules, origin: 'input' | 'existing'): KnownRole {
    const key = keyOf(role)
    const kept = rules.map((rule) => this.#once(rule))
    const known = this.#roles.get(key)
    if (known) {
      known.rules.push(...kept)
      known.paths.push(...paths)
      if (origin === 'input') known.origin = 'input'
      return known
    }
    const added: KnownRole = { rules: kept, paths: [...paths], origin, reported: null }
    this.#roles.set(key, added)
    return added
  }

  #once(rule: Rule): Rule {
    const key = JSON.stringify([rule.apiGroups, rule.resources, rule.verbs, rule.resourceNames])
    const known = this.#rules.get(key)
    if (!known) this.#rules.set(key, rule)
    return known ?? rule
  }

  find(role: RoleName): KnownRole | null {
    return this.#roles.get(keyOf(role)) ?? builtin(role)
  }
}

function builtin({ kind, namespace, name }: RoleName): KnownRole | null {
  const rules =
    kind === 'ClusterRole' ? builtinClusterRoles.get(name) : builtinNamespacedRoles.get(`${namespace}/${name}`)
  return rules ? { rules: resourceRules(rules), paths: pathRules(rules), origin: 'builtin', reported: null } : null
}
