// What does a binding of a manifest grant, and to whom? It is judged after all input is read, because its role may come
// later.
import { isMoreSevere } from '#lib/core/access/severity'
import { type Assessment, assessRisk } from '#lib/core/rbac/risk/assess'
import type { ExtensionRisk } from '#lib/core/rbac/risk/extension-kinds'
import type { Judged } from './finding.ts'
import { namespaceKindOf } from './judge-role.ts'
import { type Granted, judgeSubject, type Subject } from './judge-subjects.ts'
import type { KnownRole, KnownRoles } from './known-roles.ts'
import type { Place } from './source.ts'

/** What is kept of a binding until all input is read. */
export type ReadBinding = {
  kind: 'RoleBinding' | 'ClusterRoleBinding'
  name: string
  namespace: string | null
  roleRef: { kind: string; name: string; place: Place }
  /** Only those that can be a finding: see `isBroad`. */
  subjects: (Subject & { place: Place })[]
}

/** A binding of the whole cluster also reaches kube-system. */
const kindOfPlace = ({ kind, namespace }: ReadBinding) =>
  kind === 'ClusterRoleBinding' ? 'privileged' : namespaceKindOf(namespace)

export const assessBound = (
  role: KnownRole,
  binding: ReadBinding,
  configuredRisks: readonly ExtensionRisk[],
): Assessment =>
  assessRisk(role.rules, {
    configuredRisks,
    scope: binding.kind === 'RoleBinding' ? 'namespace' : 'cluster',
    paths: role.paths,
    namespaceKind: kindOfPlace(binding),
  })

/** The findings that are more severe than those of the ClusterRole itself, because the binding reaches a namespace such as kube-system. */
function moreSevereHere(
  role: KnownRole,
  here: Assessment,
  binding: ReadBinding,
  configuredRisks: readonly ExtensionRisk[],
): Judged[] {
  if (binding.roleRef.kind !== 'ClusterRole' || kindOfPlace(binding) === 'ordinary') return []
  const where = binding.kind === 'RoleBinding' ? `In ${binding.namespace}` : 'In the whole cluster, with kube-system'
  const alone = new Map(
    assessRisk(role.rules, { configuredRisks }).findings.map((finding) => [finding.id, finding.severity]),
  )
  return here.findings
    .filter(({ partOf, id, severity }) => partOf.length === 0 && isMoreSevere(severity, alone.get(id) ?? 'low'))
    .map((finding) => ({
      id: finding.id,
      severity: finding.severity,
      sentence: `${where}: ${finding.sentence}`,
      because: finding.because,
      outlives: finding.outlives,
      includes: [],
      places: [binding.roleRef.place],
      substance: [binding.roleRef.kind, binding.roleRef.name],
    }))
}

function judgeRoleRef(
  role: KnownRole | null,
  here: Assessment | null,
  binding: ReadBinding,
  configuredRisks: readonly ExtensionRisk[],
): Judged[] {
  const { kind, name, place } = binding.roleRef
  const finding = { outlives: null, includes: [], places: [place] as [Place], substance: [kind, name] }
  if (!role || !here) {
    const sentence = `Grants ${kind} ${name}, which is neither in the checked manifests nor built in, so its permissions are unknown.`
    return [{ ...finding, id: 'unknown-role', severity: 'medium', sentence, because: [] }]
  }
  if (role.origin === 'input') return moreSevereHere(role, here, binding, configuredRisks)
  const where = binding.kind === 'RoleBinding' ? 'in the namespace' : 'in the whole cluster'
  const top = here.findings.filter(({ partOf }) => partOf.length === 0)
  const mostSevere = top[0]
  const [id, which] = role.origin === 'builtin' ? ['binds-builtin-role', 'built-in '] : ['binds-existing-role', '']
  const sentence = `Grants the ${which}${kind} ${name} ${where}${mostSevere ? `. ${mostSevere.sentence}` : ', which has no known risks.'}`
  return [{ ...finding, id, severity: here.severity, sentence, because: summary(top.map((risk) => risk.id)) }]
}

const maxNamed = 5
const summary = (ids: string[]) =>
  ids.length <= maxNamed ? ids : [...ids.slice(0, maxNamed), `and ${ids.length - maxNamed} more`]

function grantsOver(role: KnownRole | null, here: Assessment | null): Granted['over'] {
  if (!role || !here || role.rules.length > 0) return 'resources'
  return here.findings.length > 0 ? 'paths' : 'harmless-paths'
}

/** The findings about the role of a binding and about its subjects. */
export function judgeBinding(
  binding: ReadBinding,
  roles: KnownRoles,
  configuredRisks: readonly ExtensionRisk[],
): Judged[] {
  const { kind, name } = binding.roleRef
  const role = roles.find({ kind, name, namespace: binding.namespace })
  const here = role && assessBound(role, binding, configuredRisks)
  const granted: Granted = {
    // An unknown role may allow anything.
    severity: here?.severity ?? 'medium',
    over: grantsOver(role, here),
    isBuiltin: role?.origin === 'builtin',
  }
  const subjects = binding.subjects.flatMap((subject): Judged[] => {
    const risk = judgeSubject(subject, granted, binding.namespace)
    if (!risk) return []
    const substance = [kind, name, subject.kind, subject.namespace, subject.name]
    return [{ ...risk, because: [], outlives: null, includes: [], places: [subject.place], substance }]
  })
  return [...judgeRoleRef(role, here, binding, configuredRisks), ...subjects]
}
