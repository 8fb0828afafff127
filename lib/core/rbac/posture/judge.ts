// What is dangerous about the standing access in a cluster: each finding is about one binding, with the chain that leads
// from its subjects over the binding and the role to the rule.

import { isSystemNamespace } from '#lib/core/access/namespaces'
import type { PostureFinding } from '#lib/core/access/posture-finding'
import { compareSeverity, isMoreSevere, type Severity } from '#lib/core/access/severity'
import { type PolicyRule, pathRules, type RoleRef, resourceRules, type Subject } from '#lib/core/rbac/cluster-objects'
import type { ClusterRights } from '#lib/core/rbac/cluster-rights'
import { assessRisk } from '#lib/core/rbac/risk/assess'
import type { ExtensionRisk } from '#lib/core/rbac/risk/extension-kinds'
import { isBuiltIn, subjectText } from './built-in.ts'

/** `key` identifies it in its cluster, for as long as the binding has the problem. */
export type KeyedFinding = { key: string; finding: PostureFinding }

const mostSubjects = 20

/** The name of a grant's Role: see objectName() in lib/core/grants/names.ts. */
const grantRole = /^postern-[0-9a-hjkmnp-tv-z]{26}$/

type Binding = { metadata: { namespace?: string; name: string }; roleRef: RoleRef; subjects?: Subject[] | null }
type Risk = { check: string; severity: Severity; sentence: string; because: string[] }
/** The findings about rules, by their content: a role that has not changed is not assessed again. */
export type AssessedRoles = Map<string, readonly Risk[]>

/** Longer texts are no names that Kubernetes would accept for an object. */
const longestText = 300

/** Text of a cluster as it can be stored: PostgreSQL accepts no NUL and no half of a surrogate pair. */
const stored = (text: string): string => text.slice(0, longestText).replaceAll('\0', '\ufffd').toWellFormed()

function risksOf(
  rules: readonly PolicyRule[] | null | undefined,
  namespace: string,
  configuredRisks: readonly ExtensionRisk[],
  known: AssessedRoles,
  used: Set<string>,
): readonly Risk[] {
  const isPrivileged = namespace !== '' && isSystemNamespace(namespace)
  const key = `${namespace === '' ? 'cluster' : isPrivileged ? 'privileged' : 'namespace'} ${JSON.stringify(rules ?? [])}`
  used.add(key)
  const before = known.get(key)
  if (before) return before
  const { findings } = assessRisk(resourceRules(rules), {
    ...{ scope: namespace === '' ? 'cluster' : 'namespace', paths: pathRules(rules), configuredRisks },
    namespaceKind: isPrivileged ? 'privileged' : 'ordinary',
  })
  const risks = findings
    .filter(({ severity, partOf }) => partOf.length === 0 && severity !== 'low')
    .map(({ id, severity, sentence, because }) => ({ check: id, severity, sentence, because }))
  known.set(key, risks)
  return risks
}

/** The subjects that stand for everyone, or for everyone of a kind. */
const broadGroups: Readonly<Record<string, [Severity, string]>> = {
  'system:unauthenticated': ['high', 'Everyone who can reach the API server has this role, without signing in.'],
  'system:authenticated': ['medium', 'Everyone who can sign in has this role, and every ServiceAccount.'],
  'system:serviceaccounts': ['medium', 'Every ServiceAccount of the cluster has this role.'],
}

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

/** A name for a command line. Kubernetes allows almost any character in the names of roles and bindings. */
const quoted = (text: string): string => (/^[\w.:@/-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`)

function fixOf(check: string, { kind, namespace, name }: PostureFinding['binding'], role: RoleRef): string[] {
  const place = namespace ? ` --namespace ${quoted(namespace)}` : ''
  const binding = `${quoted(`${kind.toLowerCase()}/${name}`)}${place}`
  const narrow = `kubectl edit ${quoted(`${role.kind.toLowerCase()}/${role.name}`)}${role.kind === 'Role' ? place : ''}`
  return [
    `kubectl get ${binding} --output yaml`,
    ...(check === 'missing-role' || check === 'bound-by-hand' ? [] : [narrow]),
    `kubectl delete ${binding}`,
  ]
}

/** The most severe finding of each check. */
function mostSevere(risks: readonly Risk[]): Risk[] {
  const byCheck = new Map<string, Risk>()
  for (const risk of risks) {
    const known = byCheck.get(risk.check)
    if (!known || isMoreSevere(risk.severity, known.severity)) {
      byCheck.set(risk.check, { ...risk, because: [...new Set([...risk.because, ...(known?.because ?? [])])] })
    } else known.because = [...new Set([...known.because, ...risk.because])]
  }
  return [...byCheck.values()]
}

/**
 * Every finding, the most severe first. Bindings of Kubernetes itself are none.
 * @param known what an earlier call assessed; roles that are gone are removed from it
 */
export function judgePosture(
  { objects, serviceAccounts }: ClusterRights,
  configuredRisks: readonly ExtensionRisk[] = [],
  known: AssessedRoles = new Map(),
): KeyedFinding[] {
  const roles = new Map(objects.roles.map(({ metadata, rules }) => [`${metadata.namespace}/${metadata.name}`, rules]))
  const clusterRoles = new Map(objects.clusterRoles.map(({ metadata, rules }) => [metadata.name, rules]))
  const used = new Set<string>()
  const judge = (kind: PostureFinding['binding']['kind'], binding: Binding): KeyedFinding[] => {
    if (isBuiltIn(binding)) return []
    const { roleRef: role, subjects } = binding
    const { namespace = '', name } = binding.metadata
    const isMissing = role.kind === 'Role' ? !roles.has(`${namespace}/${role.name}`) : !clusterRoles.has(role.name)
    const rules = role.kind === 'Role' ? roles.get(`${namespace}/${role.name}`) : clusterRoles.get(role.name)
    const all = subjects ?? []
    const risks: Risk[] = [
      ...risksOf(rules, namespace, configuredRisks, known, used),
      ...subjectRisks(all, namespace, serviceAccounts),
    ]
    if (isMissing) {
      const sentence = 'The role does not exist: anyone who creates it decides what these subjects may do.'
      risks.push({ check: 'missing-role', severity: 'medium', sentence, because: [`${role.kind} ${role.name}`] })
    }
    if (role.kind === 'Role' && grantRole.test(role.name)) {
      const sentence = 'Someone bound the Role of a grant by hand: these subjects have the access without an approval.'
      risks.push({ check: 'bound-by-hand', severity: 'high', sentence, because: [`Role ${role.name}`] })
    }
    const at = { kind, namespace: stored(namespace), name: stored(name) }
    const shown = all.slice(0, mostSubjects).map((subject) => stored(subjectText(subject, namespace)))
    const storedRole = { kind: stored(role.kind), name: stored(role.name) }
    return mostSevere(risks).map(({ check, severity, sentence, because }) => ({
      key: `${check} ${kind} ${at.namespace}/${at.name}`,
      finding: {
        ...{ check, severity, subjects: shown, moreSubjects: Math.max(0, all.length - mostSubjects) },
        ...{ binding: at, role: storedRole, because: because.map(stored), sentence: stored(sentence) },
        fix: fixOf(check, at, storedRole),
      },
    }))
  }
  const findings = [
    ...objects.clusterRoleBindings.flatMap((binding) => judge('ClusterRoleBinding', binding)),
    ...objects.roleBindings.flatMap((binding) => judge('RoleBinding', binding)),
  ]
  for (const key of known.keys()) if (!used.has(key)) known.delete(key)
  return findings.sort((a, b) => compareSeverity(b.finding.severity, a.finding.severity))
}
