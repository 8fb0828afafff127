// What is dangerous about the standing access in a cluster: each finding is about one binding, with the chain that leads
// from its subjects over the binding and the role to the rule.

import { contentHash } from '#lib/core/access/content-hash'
import { isSystemNamespace } from '#lib/core/access/namespaces'
import type { OwnRights, PostureFinding } from '#lib/core/access/posture-finding'
import type { Rule } from '#lib/core/access/rule'
import { compareSeverity, isMoreSevere, type Severity } from '#lib/core/access/severity'
import {
  type PathRule,
  type PolicyRule,
  pathRules,
  type RoleRef,
  resourceRules,
  type Subject,
} from '#lib/core/rbac/cluster-objects'
import type { ClusterRights } from '#lib/core/rbac/cluster-rights'
import { assessRisk } from '#lib/core/rbac/risk/assess'
import type { ExtensionRisk } from '#lib/core/rbac/risk/extension-kinds'
import { rulesInWords } from '#lib/core/rbac/sentence'
import { isBuiltIn, subjectText } from './built-in.ts'
import type { KeyedFinding } from './keyed-finding.ts'
import { kubectlLine } from './kubectl-text.ts'
import { beyond, isOnlyPostern, type OwnBinding, ownRightsOf, ownRoleOf } from './own-rights.ts'
import { type IsReported, type RiskyBinding, standingAccessOf } from './standing.ts'
import { stored, storedKey } from './stored-text.ts'
import { clusterAdmin, findTakeovers, type KnownChainRules, type Takeover } from './takeover.ts'

export type Posture = {
  findings: KeyedFinding[]
  own: OwnRights[]
  /** What people hold, whether or not a finding about it is accepted or suppressed. */
  standing: ReturnType<typeof standingAccessOf>
}

const mostSubjects = 20

/** The name of a grant's Role: see objectName() in lib/core/grants/names.ts. */
const grantRole = /^postern-[0-9a-hjkmnp-tv-z]{26}$/

type Binding = { metadata: { namespace?: string; name: string }; roleRef: RoleRef; subjects?: Subject[] | null }
/** `basis` is what the finding rests on: rules, for the digest. */
type Risk = { check: string; severity: Severity; sentence: string; because: string[]; basis?: unknown }
/** What is known of the rules of each role, by their content: a role that has not changed is not assessed again. */
export type AssessedRoles = { risks: Map<string, readonly Risk[]>; chains: KnownChainRules }
export const noRoles = (): AssessedRoles => ({ risks: new Map(), chains: new Map() })

type Rules = { rules: readonly Rule[]; paths: readonly PathRule[] }

function assessed({ rules, paths }: Rules, namespace: string, configuredRisks: readonly ExtensionRisk[]): Risk[] {
  const { findings } = assessRisk(rules, {
    ...{ scope: namespace === '' ? 'cluster' : 'namespace', paths, configuredRisks },
    namespaceKind: isPrivileged(namespace) ? 'privileged' : 'ordinary',
  })
  return findings
    .filter(({ severity, partOf }) => partOf.length === 0 && severity !== 'low')
    .map(({ id, severity, sentence, because, rules, paths }) => {
      return { check: id, severity, sentence, because, basis: [rules, paths] }
    })
}

/** A binding of the whole cluster also reaches kube-system. */
const isPrivileged = (namespace: string) => namespace === '' || isSystemNamespace(namespace)

const rulesOf = (rules: readonly PolicyRule[] | null | undefined): Rules => ({
  rules: resourceRules(rules),
  paths: pathRules(rules),
})

/** Remembers the risks of each role, for each kind of place in which it is bound. */
function assessor(configuredRisks: readonly ExtensionRisk[], known: AssessedRoles['risks']) {
  const used = new Set<string>()
  const texts = new Map<readonly PolicyRule[], string>()
  return {
    risksOf(rules: readonly PolicyRule[] | null | undefined, namespace: string): readonly Risk[] {
      const all = rules ?? []
      const text = texts.get(all) ?? JSON.stringify(all)
      texts.set(all, text)
      const key = `${namespace === '' ? 'cluster' : isPrivileged(namespace) ? 'privileged' : 'namespace'} ${text}`
      used.add(key)
      const before = known.get(key)
      if (before) return before
      const risks = assessed(rulesOf(all), namespace, configuredRisks)
      known.set(key, risks)
      return risks
    },
    prune() {
      for (const key of known.keys()) if (!used.has(key)) known.delete(key)
    },
  }
}

/** The subjects that stand for everyone, or for everyone of a kind. */
const broadGroups: Readonly<Record<string, [Severity, string]>> = {
  'system:unauthenticated': ['high', 'Everyone who can reach the API server has this role, without signing in.'],
  'system:authenticated': ['medium', 'Everyone who can sign in has this role, and every ServiceAccount.'],
  // OpenShift: everyone who signed in with its OAuth server.
  'system:authenticated:oauth': ['medium', 'Everyone who can sign in with OAuth has this role.'],
  'system:serviceaccounts': ['medium', 'Every ServiceAccount of the cluster has this role.'],
}

const isForMany = (subjects: readonly Subject[]): boolean =>
  subjects.some(({ kind, name }) => kind === 'Group' && Object.hasOwn(broadGroups, name))

function subjectRisks(subjects: readonly Subject[], home: string, accounts: ClusterRights['serviceAccounts']): Risk[] {
  const found: Risk[] = []
  for (const { kind, name, namespace } of subjects) {
    const broad = kind === 'Group' && Object.hasOwn(broadGroups, name) ? broadGroups[name] : undefined
    if (broad)
      found.push({ check: 'broad-subject', severity: broad[0], sentence: broad[1], because: [`Group ${name}`] })
    if (kind === 'User' && name === 'system:anonymous') {
      const sentence = 'Everyone who can reach the API server has this role, without signing in.'
      found.push({ check: 'broad-subject', severity: 'high', sentence, because: [`User ${name}`] })
    }
    const place = namespace || home
    if (kind !== 'ServiceAccount' || !place) continue
    if (name === 'default') {
      const sentence = 'Every pod of the namespace that names no other ServiceAccount has this role.'
      found.push({
        check: 'default-account',
        severity: 'medium',
        sentence,
        because: [`ServiceAccount ${place}/${name}`],
      })
    } else if (accounts && !accounts[place]?.includes(name)) {
      const sentence = 'The ServiceAccount does not exist: anyone who creates it gets this role.'
      found.push({
        check: 'missing-account',
        severity: 'medium',
        sentence,
        because: [`ServiceAccount ${place}/${name}`],
      })
    }
  }
  return found
}

function fixOf(check: string, { kind, namespace, name }: PostureFinding['binding'], role: RoleRef): string[] {
  const narrow = kubectlLine('edit', role.kind, role.name, role.kind === 'Role' ? namespace : '')
  const lines = [
    kubectlLine('get', kind, name, namespace, ' --output yaml'),
    ...(check === 'missing-role' || check === 'bound-by-hand' ? [] : [narrow]),
    kubectlLine('delete', kind, name, namespace),
  ]
  return [...new Set(lines)]
}

/** The most severe finding of each check. */
function mostSevere(risks: readonly Risk[]): Risk[] {
  const byCheck = new Map<string, Risk>()
  for (const risk of risks) {
    const known = byCheck.get(risk.check)
    const because = [...new Set([...risk.because, ...(known?.because ?? [])])]
    const basis = [risk.basis ?? risk.because, known?.basis ?? null]
    const graver = !known || isMoreSevere(risk.severity, known.severity) ? risk : known
    byCheck.set(risk.check, { ...graver, because, basis })
  }
  return [...byCheck.values()]
}

export type PostureOptions = {
  configuredRisks?: readonly ExtensionRisk[]
  /** The ClusterRoles that entitlements name, which Postern may read and bind. */
  vettedRoles?: readonly string[]
  /** What an earlier call assessed; roles that are gone are removed from it. */
  known?: AssessedRoles
  isReported?: IsReported
}

/** What Postern's own role has beyond deploy/rbac.yaml, alone and together with what the file gives it. */
function risksBeyond(
  expected: readonly PolicyRule[],
  actual: readonly PolicyRule[] | null | undefined,
  namespace: string,
  configuredRisks: readonly ExtensionRisk[],
): Risk[] {
  const more = beyond(expected, actual)
  if (more.rules.length === 0 && more.paths.length === 0) return []
  const usual = new Set(assessed(rulesOf(expected), namespace, configuredRisks).map(({ check }) => check))
  const together = assessed(rulesOf(actual), namespace, configuredRisks).filter(({ check }) => !usual.has(check))
  const risks = [...assessed(more, namespace, configuredRisks), ...together]
  const sentence = 'Postern’s own account has permissions that deploy/rbac.yaml does not give it.'
  const because = more.rules.length > 0 ? [rulesInWords(more.rules)] : ['paths']
  return risks.length > 0 ? risks : [{ check: 'own-rights', severity: 'medium', sentence, because, basis: more }]
}

/** A chain of more steps is shown up to here. */
const mostSteps = 12

function takeoverFinding({ subject, at, roleRef, steps }: Takeover): KeyedFinding {
  const binding = { kind: at.kind, namespace: stored(at.namespace), name: stored(at.name) }
  const role = { kind: stored(roleRef.kind), name: stored(roleRef.name) }
  const path = steps.slice(0, mostSteps).map(({ from, can, binding, role, to }) => ({
    ...{ from: stored(from), can, binding: stored(binding), role: stored(role), to: stored(to) },
  }))
  const count = steps.length === 1 ? 'one step' : `${steps.length} steps`
  return {
    key: storedKey(`takeover ${subject}`),
    digest: contentHash([subject, steps].map((part) => JSON.stringify(part))),
    finding: {
      ...{ check: 'takeover', severity: 'high', subjects: [stored(subject)], moreSubjects: 0, binding, role, path },
      because: path.slice(0, 1).map(({ can, to }) => `can ${can}: ${to}`),
      sentence: `Can become ${clusterAdmin} in ${count}.`,
      fix: fixOf('takeover', binding, role),
    },
  }
}

/**
 * Every finding, the most severe first, and the expected permissions of Postern itself. Bindings of Kubernetes are neither.
 */
export function judgePosture(rights: ClusterRights, options: PostureOptions = {}): Posture {
  const { objects, serviceAccounts } = rights
  const { configuredRisks = [], vettedRoles = [], known = noRoles(), isReported = () => false } = options
  const roles = new Map(objects.roles.map(({ metadata, rules }) => [`${metadata.namespace}/${metadata.name}`, rules]))
  const clusterRoles = new Map(objects.clusterRoles.map(({ metadata, rules }) => [metadata.name, rules]))
  const { risksOf, prune } = assessor(configuredRisks, known.risks)
  const own: OwnBinding[] = []
  const risky: RiskyBinding[] = []
  const judge = (kind: 'RoleBinding' | 'ClusterRoleBinding', binding: Binding): KeyedFinding[] => {
    const { roleRef: role, subjects } = binding
    // Kubernetes gives everyone nothing that is a finding. NB: but it keeps what someone has added to such a role.
    const isTheirs = isBuiltIn(binding)
    if (isTheirs && !isForMany(subjects ?? [])) return []
    const { namespace = '', name } = binding.metadata
    const isMissing = role.kind === 'Role' ? !roles.has(`${namespace}/${role.name}`) : !clusterRoles.has(role.name)
    const rules = role.kind === 'Role' ? roles.get(`${namespace}/${role.name}`) : clusterRoles.get(role.name)
    const all = subjects ?? []
    const at = { kind, namespace: stored(namespace), name: stored(name) }
    const texts = all.map((subject) => subjectText(subject, namespace))
    const ownRole = isOnlyPostern(texts) ? ownRoleOf(binding, vettedRoles) : undefined
    if (ownRole && !isMissing) own.push({ role: ownRole, binding: at })
    const risks: Risk[] = [
      ...(ownRole ? risksBeyond(ownRole.rules, rules, namespace, configuredRisks) : risksOf(rules, namespace)),
      ...(isTheirs ? [] : subjectRisks(all, namespace, serviceAccounts)),
    ]
    if (isMissing && !isTheirs) {
      const sentence = 'The role does not exist: anyone who creates it decides what these subjects may do.'
      risks.push({ check: 'missing-role', severity: 'medium', sentence, because: [`${role.kind} ${role.name}`] })
    }
    const isOfGrant = role.kind === 'Role' && grantRole.test(role.name)
    if (isOfGrant) {
      const sentence = 'Someone bound the Role of a grant by hand: these subjects have the access without an approval.'
      risks.push({ check: 'bound-by-hand', severity: 'high', sentence, because: [`Role ${role.name}`] })
    }
    if (risks.length === 0) return []
    const shown = texts.slice(0, mostSubjects).map(stored)
    const storedRole = { kind: stored(role.kind), name: stored(role.name) }
    const sortedTexts = [...texts].sort()
    if (!isTheirs && !isMissing && !isOfGrant) {
      const severity = risks.some((risk) => risk.severity === 'high') ? 'high' : 'medium'
      risky.push({ binding: at, role: storedRole, subjects: all, severity, rules })
    }
    return mostSevere(risks).map(({ check, severity, sentence, because, basis }) => ({
      key: storedKey(`${check} ${kind} ${namespace}/${name}`),
      digest: contentHash([check, severity, JSON.stringify([sortedTexts, role, because, basis])]),
      finding: {
        ...{ check, severity, subjects: shown, moreSubjects: Math.max(0, all.length - mostSubjects) },
        ...{ binding: at, role: storedRole, because: because.map(stored), sentence: stored(sentence), path: [] },
        fix: fixOf(check, at, storedRole),
      },
    }))
  }
  const findings = [
    ...objects.clusterRoleBindings.flatMap((binding) => judge('ClusterRoleBinding', binding)),
    ...objects.roleBindings.flatMap((binding) => judge('RoleBinding', binding)),
    ...findTakeovers(rights, known.chains).map(takeoverFinding),
  ]
  prune()
  return {
    findings: findings.sort((a, b) => compareSeverity(b.finding.severity, a.finding.severity)),
    own: ownRightsOf(own),
    standing: standingAccessOf(risky, isReported, configuredRisks),
  }
}
