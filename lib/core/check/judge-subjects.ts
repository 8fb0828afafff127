// Whom does a binding give its role to, and is that more people or programs than anybody meant?
import type { Severity } from '#lib/core/access/severity'
import { moreSevere } from '#lib/core/rbac/risk/entry'

/** `system:serviceaccount:ns:name` as a user is that account to the API server; see `means` in lib/rbac. */
const accountUser = /^system:serviceaccount:([^:]+):([^:]+)$/

export type Subject = { kind: string; name: string; namespace: string | null }

export type SubjectRisk = { id: string; severity: Severity; sentence: string }

/** What is given: how grave it is, and whether it is anything but paths such as /healthz, which nobody minds. */
export type Gift = {
  severity: Severity
  gives: 'resources' | 'paths' | 'harmless-paths'
  isBuiltin: boolean
}

const anonymous = ({ kind, name }: Subject) =>
  (kind === 'Group' && name === 'system:unauthenticated') || (kind === 'User' && name === 'system:anonymous')

const everybody = ({ kind, name }: Subject) =>
  kind === 'Group' && (name === 'system:authenticated' || name === 'system:serviceaccounts')

/** The namespace whose default account is meant, by itself or with all others of the namespace. */
function defaultAccountOf({ kind, name, namespace }: Subject, bindingNamespace: string | null): string | null {
  if (kind === 'ServiceAccount') return name === 'default' ? (namespace ?? bindingNamespace ?? '?') : null
  if (kind === 'Group') return /^system:serviceaccounts:(.+)$/.exec(name)?.[1] ?? null
  const account = kind === 'User' ? accountUser.exec(name) : null
  return account?.[2] === 'default' ? (account[1] ?? null) : null
}

/** Null where the subject is somebody in particular. */
export function judgeSubject(subject: Subject, gift: Gift, bindingNamespace: string | null): SubjectRisk | null {
  // The server lets everybody ask what they may do and what there is; it binds these roles so itself.
  const isHarmless = gift.gives === 'harmless-paths' || (gift.isBuiltin && gift.severity === 'low')
  if (anonymous(subject)) {
    const sentence = `Gives it to ${subject.name}: to whoever reaches the API server, without signing in.`
    const ofPaths = gift.gives === 'paths' ? moreSevere('medium', gift.severity) : 'low'
    return { id: 'binds-anonymous', severity: gift.gives === 'resources' ? 'high' : ofPaths, sentence }
  }
  if (everybody(subject)) {
    const who =
      subject.name === 'system:authenticated' ? 'everybody who can sign in, and every program' : 'every program'
    const severity = isHarmless ? 'low' : gift.severity === 'low' ? 'medium' : 'high'
    return { id: 'binds-everybody', severity, sentence: `Gives it to ${subject.name}: to ${who} in the cluster.` }
  }
  if (subject.kind === 'Group' && subject.name === 'system:masters') {
    const sentence =
      'Names system:masters, whose members pass every check and cannot be stopped by RBAC: this gives them nothing, and shows that the group is used.'
    return { id: 'binds-masters', severity: 'medium', sentence }
  }
  const namespace = defaultAccountOf(subject, bindingNamespace)
  if (namespace === null) return null
  const sentence =
    subject.kind === 'Group'
      ? `Gives it to ${subject.name}: to every program in namespace ${namespace}, also to those that name no service account.`
      : `Gives it to the default service account of namespace ${namespace}: to every pod there that names no other.`
  return { id: 'binds-default-account', severity: isHarmless ? 'low' : moreSevere('medium', gift.severity), sentence }
}
