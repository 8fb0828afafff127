// Which people hold standing access with a risk, in one place for each role and namespace. ServiceAccounts, and so the
// accounts of grants and of Postern itself, are not people.
import type { Rule } from '#lib/core/access/rule'
import { compareSeverity, isMoreSevere, type Severity } from '#lib/core/access/severity'
import type { StandingAccess } from '#lib/core/access/standing-access'
import { allows } from '#lib/core/rbac/allows'
import { type PolicyRule, resourceRules, type Subject } from '#lib/core/rbac/cluster-objects'

/** A binding with a risk, with names as they can be stored. */
export type RiskyBinding = {
  binding: { kind: 'RoleBinding' | 'ClusterRoleBinding'; namespace: string; name: string }
  role: { kind: string; name: string }
  subjects: readonly Subject[]
  severity: Severity
  rules: readonly PolicyRule[] | null | undefined
}

/** Is every call with this rule one that the audit policy reports? See lib/core/activity/reported.ts. */
export type IsReported = (rule: Rule) => boolean

const most = { access: 100, names: 100, bindings: 50, rules: 32, inRule: 64 }
const longestName = 253

/** NB: `system:` is reserved for Kubernetes: no identity provider may send it (`usernamePrefix`, `groupsPrefix`). */
const isPeople = ({ kind, name }: Subject): boolean =>
  (kind === 'User' || kind === 'Group') &&
  name.length > 0 &&
  name.length <= longestName &&
  !name.startsWith('system:') &&
  name.isWellFormed() &&
  !name.includes('\0')

/** NB: such a role must never be in parts 3 and 4 of deploy/rbac.yaml, which the suggestion of a ClusterRole says to change. */
const canBind = (rules: readonly Rule[]): boolean =>
  ['rolebindings', 'clusterrolebindings'].some((resource) =>
    ['create', 'update', 'patch'].some((verb) =>
      allows(rules, {
        ...{ namespace: '', name: '', subresource: '' },
        verb,
        group: 'rbac.authorization.k8s.io',
        resource,
      }),
    ),
  )

const isStorable = ({ apiGroups, resources, verbs, resourceNames = [] }: Rule): boolean =>
  [apiGroups, resources, verbs, resourceNames].every(
    (list) =>
      list.length <= most.inRule &&
      list.every((text) => text.length <= longestName && text.isWellFormed() && !text.includes('\0')),
  )

function standingOf(held: readonly RiskyBinding[], isReported: IsReported): StandingAccess[] {
  const [first] = held
  if (!first) return []
  const { role, rules: ofRole } = first
  const names = (wanted: string) => [
    ...new Set(
      held.flatMap(({ subjects }) =>
        subjects.filter((one) => one.kind === wanted && isPeople(one)).map(({ name }) => name),
      ),
    ),
  ]
  const [people, groups] = [names('User').sort(), names('Group').sort()]
  const rules = resourceRules(ofRole)
  const isKnown = role.kind === 'Role' && rules.length <= most.rules && rules.every(isStorable)
  return [
    {
      ...{ namespace: first.binding.namespace, role },
      severity: held.reduce<Severity>(
        (worst, { severity }) => (isMoreSevere(severity, worst) ? severity : worst),
        'low',
      ),
      ...{ people: people.slice(0, most.names), morePeople: Math.max(0, people.length - most.names) },
      ...{ groups: groups.slice(0, most.names), moreGroups: Math.max(0, groups.length - most.names) },
      bindings: held.slice(0, most.bindings).map(({ binding: { kind, name }, subjects }) => ({
        ...{ kind, name },
        isShared: !subjects.every(isPeople),
      })),
      rules: isKnown ? rules : null,
      canBind: canBind(rules.map(({ resourceNames: _, ...rule }) => rule)),
      isReported: rules.length > 0 && rules.length === (ofRole ?? []).length && rules.every(isReported),
    },
  ]
}

/** The standing access of people, the most severe and the most widely held first. */
export function standingAccessOf(
  bindings: readonly RiskyBinding[],
  isReported: IsReported,
): { access: StandingAccess[]; count: number } {
  const byRole = new Map<string, RiskyBinding[]>()
  for (const one of bindings) {
    if (!one.subjects.some(isPeople)) continue
    const key = JSON.stringify([one.binding.namespace, one.role.kind, one.role.name])
    const known = byRole.get(key)
    if (known) known.push(one)
    else byRole.set(key, [one])
  }
  const size = ({ people, morePeople, groups, moreGroups }: StandingAccess) =>
    people.length + morePeople + groups.length + moreGroups
  const all = [...byRole.values()]
    .flatMap((held) => standingOf(held, isReported))
    .sort((a, b) => compareSeverity(b.severity, a.severity) || size(b) - size(a))
  return { access: all.slice(0, most.access), count: all.length }
}
