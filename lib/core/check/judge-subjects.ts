// Does a binding grant its role to more people or workloads than intended?
import type { Severity } from '#lib/core/access/severity'
import { moreSevere } from '#lib/core/rbac/risk/entry'

/** For the API server, a user of this name is the service account; see lib/core/rbac. */
const accountUser = /^system:serviceaccount:([^:]+):([^:]+)$/

export type Subject = { kind: string; name: string; namespace: string | null }

export type SubjectRisk = { id: string; severity: Severity; sentence: string }

/** What the binding grants, and how severe that is. Harmless paths are those such as /healthz. */
export type Granted = {
  severity: Severity
  over: 'resources' | 'paths' | 'harmless-paths'
  isBuiltin: boolean
}

const isAnonymous = ({ kind, name }: Subject) =>
  (kind === 'Group' && name === 'system:unauthenticated') || (kind === 'User' && name === 'system:anonymous')

const whoIsEveryone: Readonly<Record<string, string>> = {
  'system:authenticated': 'everyone who can sign in, and every workload in the cluster',
  'system:serviceaccounts': 'every workload in the cluster',
  // A group of OpenShift.
  'system:authenticated:oauth': 'everyone who can sign in',
}

const isEveryone = ({ kind, name }: Subject) => kind === 'Group' && Object.hasOwn(whoIsEveryone, name)

const isMasters = ({ kind, name }: Subject) => kind === 'Group' && name === 'system:masters'

/** The namespace whose default service account is a subject, alone or with all others of the namespace. */
function defaultAccountOf({ kind, name, namespace }: Subject, bindingNamespace: string | null): string | null {
  if (kind === 'ServiceAccount') return name === 'default' ? (namespace ?? bindingNamespace ?? '?') : null
  if (kind === 'Group') return /^system:serviceaccounts:(.+)$/.exec(name)?.[1] ?? null
  const account = kind === 'User' ? accountUser.exec(name) : null
  return account?.[2] === 'default' ? (account[1] ?? null) : null
}

/** Is it more than a particular person, group or service account? Only these subjects can be a finding. */
export const isBroad = (subject: Subject, bindingNamespace: string | null): boolean =>
  isAnonymous(subject) ||
  isEveryone(subject) ||
  isMasters(subject) ||
  defaultAccountOf(subject, bindingNamespace) !== null

/** Null if the subject is a particular person, group or service account. */
export function judgeSubject(subject: Subject, granted: Granted, bindingNamespace: string | null): SubjectRisk | null {
  // The API server itself binds such roles to everyone, for discovery and for access reviews of one's own permissions.
  const isHarmless = granted.over === 'harmless-paths' || (granted.isBuiltin && granted.severity === 'low')
  if (isAnonymous(subject)) {
    const sentence = `Binds ${subject.name}: anyone who can reach the API server, without signing in.`
    const ofPaths = granted.over === 'paths' ? moreSevere('medium', granted.severity) : 'low'
    return { id: 'binds-anonymous', severity: granted.over === 'resources' ? 'high' : ofPaths, sentence }
  }
  if (isEveryone(subject)) {
    const who = whoIsEveryone[subject.name]
    const severity = isHarmless ? 'low' : granted.severity === 'low' ? 'medium' : 'high'
    return { id: 'binds-everyone', severity, sentence: `Binds ${subject.name}: ${who}.` }
  }
  if (isMasters(subject)) {
    const sentence =
      'Binds system:masters, whose members bypass RBAC. The binding adds nothing, but shows that the group is in use.'
    return { id: 'binds-masters', severity: 'medium', sentence }
  }
  const namespace = defaultAccountOf(subject, bindingNamespace)
  if (namespace === null) return null
  const sentence =
    subject.kind === 'Group'
      ? `Binds ${subject.name}: every workload in namespace ${namespace}, with or without its own service account.`
      : `Binds the default service account of namespace ${namespace}: every pod there that does not specify another one.`
  const severity = isHarmless ? 'low' : moreSevere('medium', granted.severity)
  return { id: 'binds-default-account', severity, sentence }
}
