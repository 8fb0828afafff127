// What does the role give that a binding names? Those of the same input, those said to be there already, and those
// that the API server brings.
import type { Rule } from '#lib/core/access/rule'
import type { Severity } from '#lib/core/access/severity'
import { type PathRule, type PolicyRule, pathRules, resourceRules } from '#lib/core/rbac/cluster-objects'
import builtinRoles from '../rbac/builtin-roles.json' with { type: 'json' }

export type RoleName = { kind: string; namespace: string | null; name: string }

/** What a role gives, over resources and over paths. */
export type GivenRules = { rules: readonly Rule[]; paths: readonly PathRule[] }

/** `input`: judged by itself already. `given`: named as being there. `builtin`: the API server makes it. */
export type KnownRole = {
  rules: Rule[]
  paths: PathRule[]
  origin: 'input' | 'given' | 'builtin'
  /** What guardrails said of the role itself, with the severity. */
  said: Map<string, Severity>
}

const keyOf = ({ kind, namespace, name }: RoleName) => `${kind} ${kind === 'Role' ? (namespace ?? '') : ''}/${name}`

const builtinClusterRoles = new Map<string, PolicyRule[]>(Object.entries(builtinRoles.ClusterRole))
const builtinNamespacedRoles = new Map<string, PolicyRule[]>(Object.entries(builtinRoles.Role))

export class KnownRoles {
  readonly #roles = new Map<string, KnownRole>()

  /** Of two roles of the same name a binding counts as giving both: nobody can say which one it will find. */
  add(role: RoleName, { rules, paths }: GivenRules, origin: 'input' | 'given'): KnownRole {
    const key = keyOf(role)
    const known = this.#roles.get(key)
    if (known) {
      known.rules.push(...rules)
      known.paths.push(...paths)
      if (origin === 'input') known.origin = 'input'
      return known
    }
    const added: KnownRole = { rules: [...rules], paths: [...paths], origin, said: new Map() }
    this.#roles.set(key, added)
    return added
  }

  find(role: RoleName): KnownRole | null {
    return this.#roles.get(keyOf(role)) ?? builtin(role)
  }
}

function builtin({ kind, namespace, name }: RoleName): KnownRole | null {
  const rules =
    kind === 'ClusterRole' ? builtinClusterRoles.get(name) : builtinNamespacedRoles.get(`${namespace}/${name}`)
  return rules ? { rules: resourceRules(rules), paths: pathRules(rules), origin: 'builtin', said: new Map() } : null
}
