// Which people hold standing access with a risk, in one place for each role and namespace. ServiceAccounts, and so the
// accounts of grants and of Postern itself, are not people.
import type { Rule } from '#lib/core/access/rule'
import { compareSeverity, isMoreSevere, type Severity } from '#lib/core/access/severity'
import type { StandingAccess } from '#lib/core/access/standing-access'
import { type PolicyRule, resourceRules, type Subject } from '#lib/core/rbac/cluster-objects'
import { splitByContainment } from '#lib/core/rbac/risk/exceeds-access'
import type { ExtensionRisk } from '#lib/core/rbac/risk/extension-kinds'
import { stored } from './stored-text.ts'

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

const most = { access: 100, names: 100, bindings: 50, rules: 32, inRule: 64, reasons: 5 }
const longestName = 253

/** NB: `system:` is reserved for Kubernetes: no identity provider may send it (`usernamePrefix`, `groupsPrefix`). */
const isPeople = ({ kind, name }: Subject): boolean =>
  (kind === 'User' || kind === 'Group') &&
  name.length > 0 &&
  name.length <= longestName &&
  !name.startsWith('system:') &&
  name.isWellFormed() &&
  !name.includes('\0')

const isStorable = ({ apiGroups, resources, verbs, resourceNames = [] }: Rule): boolean =>
  [apiGroups, resources, verbs, resourceNames].every(
    (list) =>
      list.length <= most.inRule &&
      list.every((text) => text.length <= longestName && text.isWellFormed() && !text.includes('\0')),
  )

type Held = Omit<StandingAccess, 'exceeding' | 'outlives'> & { all: readonly Rule[] }

function standingOf(held: readonly RiskyBinding[], isReported: IsReported): Held[] {
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
      isReported: rules.length > 0 && rules.length === (ofRole ?? []).length && rules.every(isReported),
      all: rules,
    },
  ]
}

/** NB: a role with one of these must never be in parts 3 and 4 of deploy/rbac.yaml, which the suggestion says to change. */
function withReasons({ all, ...access }: Held, configuredRisks: readonly ExtensionRisk[]): StandingAccess {
  const { exceeding, contained } = splitByContainment(all, configuredRisks)
  // The parts of another finding add nothing, unless that one is not shown.
  const whole = exceeding.filter(({ partOf }) => partOf.length === 0)
  const shown = (whole.length > 0 ? whole : exceeding).slice(0, most.reasons)
  return {
    ...access,
    exceeding: shown.map(({ sentence, because: [how = ''] }) => `${stored(how)}: ${sentence.replace(/\.$/, '')}`),
    outlives: [...new Set(contained.flatMap(({ outlives }) => outlives ?? []))].slice(0, most.reasons),
  }
}

/** The standing access of people, the most severe and the most widely held first. */
export function standingAccessOf(
  bindings: readonly RiskyBinding[],
  isReported: IsReported,
  configuredRisks: readonly ExtensionRisk[] = [],
): { access: StandingAccess[]; count: number } {
  const byRole = new Map<string, RiskyBinding[]>()
  for (const one of bindings) {
    if (!one.subjects.some(isPeople)) continue
    const key = JSON.stringify([one.binding.namespace, one.role.kind, one.role.name])
    const known = byRole.get(key)
    if (known) known.push(one)
    else byRole.set(key, [one])
  }
  const size = ({ people, morePeople, groups, moreGroups }: Held) =>
    people.length + morePeople + groups.length + moreGroups
  const all = [...byRole.values()]
    .flatMap((held) => standingOf(held, isReported))
    .sort((a, b) => compareSeverity(b.severity, a.severity) || size(b) - size(a))
  return { access: all.slice(0, most.access).map((one) => withReasons(one, configuredRisks)), count: all.length }
}
