// Who could perform an action by standing RBAC rights, from the states in which the objects were read.

import { type PolicyRule, resourceRules, type Subject } from './cluster-objects.ts'
import { type AskedAction, couldPerform } from './could-perform.ts'

/** One state of an object: from the first reading that had it until the first one that did not; null while the last one had it. */
type State = { cluster: string; firstAt: Date; goneAt: Date | null }
/** `key` is that of `roleKey`. */
export type RoleState = State & { key: string; rules: readonly PolicyRule[] | null }
export type BindingState = State & {
  /** Null for a ClusterRoleBinding. */
  namespace: string | null
  name: string
  /** `roleKey` of the role that it names. */
  role: string
  subjects: readonly Subject[]
}

/** The same for a role and for a binding of it: `ClusterRole//view` or `Role/payments/deployer`. */
export const roleKey = (kind: string, namespace: string | null, name: string): string =>
  `${kind}/${kind === 'Role' ? (namespace ?? '') : ''}/${name}`

export type StandingItem = {
  cluster: string
  subject: { kind: string; namespace: string | null; name: string }
  binding: { namespace: string | null; name: string }
  role: { kind: string; name: string }
  from: Date
  /** Null while the last reading had it. */
  until: Date | null
}

const isBefore = (time: Date, end: Date | null) => end === null || time < end
const earlier = (a: Date | null, b: Date | null) => (a && b ? (a < b ? a : b) : (a ?? b))

/** Was it so at any time from `from` until before `to`, or at that moment if both are the same? */
const isIn = ({ from, until }: { from: Date; until: Date | null }, period: { from: Date; to: Date }) =>
  (from < period.to || from.getTime() === period.from.getTime()) && isBefore(period.from, until)

/** Joins times of which one begins when the other ends: the role was changed, and still allowed it. */
function joined(items: readonly StandingItem[]): StandingItem[] {
  const found: StandingItem[] = []
  for (const item of items.toSorted((a, b) => a.from.getTime() - b.from.getTime())) {
    const last = found.at(-1)
    if (last?.until && last.until.getTime() === item.from.getTime()) last.until = item.until
    else found.push({ ...item })
  }
  return found
}

const namesOfRole = (key: string) => {
  const [kind = '', , ...name] = key.split('/')
  return { kind, name: name.join('/') }
}

/** Keys of the roles of which some state allows the action. */
export const rolesAllowing = (roles: readonly RoleState[], action: AskedAction): RoleState[] =>
  roles.filter(({ rules }) => couldPerform(resourceRules(rules), action))

/**
 * @param roles those that allow the action (`rolesAllowing`)
 * @param bindings of these roles
 */
export function standingDuring(
  roles: readonly RoleState[],
  bindings: readonly BindingState[],
  period: { from: Date; to: Date },
): StandingItem[] {
  const byRole = Map.groupBy(roles, ({ cluster, key }) => `${cluster} ${key}`)
  const items = bindings.flatMap((binding) =>
    (byRole.get(`${binding.cluster} ${binding.role}`) ?? []).flatMap((role) => {
      const from = binding.firstAt > role.firstAt ? binding.firstAt : role.firstAt
      const until = earlier(binding.goneAt, role.goneAt)
      if (!isBefore(from, until)) return []
      return binding.subjects.map(({ kind, namespace, name }) => ({
        cluster: binding.cluster,
        subject: { kind, namespace: kind === 'ServiceAccount' ? namespace || binding.namespace : null, name },
        binding: { namespace: binding.namespace, name: binding.name },
        role: namesOfRole(binding.role),
        ...{ from, until },
      }))
    }),
  )
  const same = Map.groupBy(items, ({ from: _, until: __, ...rest }) => JSON.stringify(rest))
  return [...same].flatMap(([, some]) => joined(some)).filter((item) => isIn(item, period))
}
