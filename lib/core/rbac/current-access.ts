// Compares requested rules with a person's current access in a cluster, as the worker last read it: what the person would
// gain, and which service accounts they could act as.
import type { Difference } from '#lib/core/access/difference'
import type { Rule } from '#lib/core/access/rule'
import type { RiskContext, ServiceAccountRights } from '#lib/core/rbac/risk/assess'
import { countQuestions, maxQuestions } from './breakdown.ts'
import type { ClusterObjects } from './cluster-objects.ts'
import { type IndexedRights, rulesIn } from './cluster-rights.ts'
import { covers } from './covers.ts'
import { effectiveDifference } from './difference.ts'
import {
  type ClusterIdentity,
  identityIn,
  type PeopleMapping,
  personIdentity,
  serviceAccountIdentity,
} from './identity.ts'

/** The cluster's rights as the worker last read them; without rights, the error, or null before the first reading. */
export type ObservedRights = { rights: IndexedRights; readAt: Date } | { rights: null; error: string | null }

/** The worker reads every few minutes. An older reading does not describe the current access. */
export const tooOldMs = 30 * 60_000

/** The rights if they are recent enough, or a sentence that says why they are unknown. */
export function rightsNow(cluster: string, observed: ObservedRights, now: Date) {
  if (!observed.rights) {
    const why = observed.error ?? `Postern has not read the roles and bindings of ${cluster} yet.`
    return { rights: null, why }
  }
  if (now.getTime() - observed.readAt.getTime() > tooOldMs) {
    const why = `Postern last read the roles and bindings of ${cluster} at ${observed.readAt.toISOString()}, which is too long ago.`
    return { rights: null, why }
  }
  return observed
}

/** The person's identity in a cluster, or a sentence that says why it is unknown. */
export type IdentityInCluster = { identity: ClusterIdentity } | { identity: null; why: string }

export function whoIn(
  cluster: string,
  mapping: PeopleMapping | undefined,
  person: Parameters<typeof identityIn>[1],
): IdentityInCluster {
  if (!mapping) return { identity: null, why: `postern.yaml does not say which user names ${cluster} uses.` }
  const identity = identityIn(mapping, person)
  if (identity) return { identity }
  return { identity: null, why: `${cluster} identifies people by a verified e-mail address, and this person has none.` }
}

export type CurrentAccess = {
  difference: Difference
  /** For the risk assessment. */
  risk: Pick<RiskContext, 'serviceAccounts' | 'knownResources'>
}

type Question = { rules: readonly Rule[]; namespaces: readonly string[] }

/** The difference between the requested rules and what these objects already allow, or why it is unknown. */
export function differenceTo(
  objects: ClusterObjects,
  identity: ClusterIdentity,
  { rules, namespaces }: Question,
  asOf: Date,
): Difference {
  if (countQuestions(rules, namespaces) > maxQuestions) {
    return { known: false, why: 'This request covers too many permissions to compare.' }
  }
  const current = new Map(namespaces.map((namespace) => [namespace, rulesIn(objects, identity, namespace)]))
  return { known: true, asOf: asOf.toISOString(), ...effectiveDifference(current, rules, namespaces) }
}

/** The number of ServiceAccounts that are checked for one request. Those that a binding names come first. */
const maxAccounts = 50

type Account = { namespace: string; name: string; identity: ClusterIdentity; objects: ClusterObjects }

function accountsOf(rights: IndexedRights, namespaces: readonly string[]): Account[] {
  const all = namespaces.flatMap((namespace) =>
    rights.serviceAccountsIn(namespace).map((name) => {
      const identity = serviceAccountIdentity(namespace, name)
      const named = rights.objectsOf({ user: identity.user, groups: [] })
      return { namespace, name, identity, isNamed: named.roleBindings.length + named.clusterRoleBindings.length > 0 }
    }),
  )
  // Permissions by group are the same for every account in a namespace, so one unnamed account represents the others.
  const groupOnly = new Set<string>()
  const some = all.filter(({ namespace, isNamed }) => {
    if (isNamed) return true
    const isFirst = !groupOnly.has(namespace)
    groupOnly.add(namespace)
    return isFirst
  })
  return some
    .sort((a, b) => Number(b.isNamed) - Number(a.isNamed))
    .slice(0, maxAccounts)
    .map(({ namespace, name, identity }) => ({ namespace, name, identity, objects: rights.objectsOf(identity) }))
}

/**
 * Kubernetes grants these to every ServiceAccount (`system:cluster-trust-bundle-discovery`). The certificates are public,
 * so they are not worth a warning on every pod.
 */
const harmless: readonly Rule[] = [
  { apiGroups: ['certificates.k8s.io'], resources: ['clustertrustbundles'], verbs: ['get', 'list', 'watch'] },
]

/** What a ServiceAccount may do in any namespace that the requester may not do there. */
function moreThan(account: Account, theirRules: (place: string) => readonly Rule[]): ServiceAccountRights {
  const { namespace, name, identity, objects } = account
  const places = new Set(['', ...objects.roleBindings.map(({ metadata }) => metadata.namespace)])
  const rules = [...places].flatMap(
    (place) => covers([...harmless, ...theirRules(place)], rulesIn(objects, identity, place)).uncovered,
  )
  return { namespace, name, rules }
}

/**
 * The results of strongerAccounts() for each reading of a cluster, by requester and namespaces: a request is judged two or three
 * times, mostly by the same reading.
 */
const knownStronger = new WeakMap<IndexedRights, Map<string, readonly ServiceAccountRights[]>>()
const mostKnown = 32

/** The ServiceAccounts in these namespaces that may do more than the requester, with the difference. */
function strongerAccounts(rights: IndexedRights, who: IdentityInCluster, namespaces: readonly string[]) {
  // An unknown requester counts as any signed-in user.
  const requester = who.identity ?? personIdentity('', [])
  const results = knownStronger.get(rights) ?? new Map<string, readonly ServiceAccountRights[]>()
  knownStronger.set(rights, results)
  const key = JSON.stringify([requester.user, requester.groups, namespaces])
  const result = results.get(key) ?? findStronger(rights, requester, namespaces)
  // The map is in the order of use.
  results.delete(key)
  results.set(key, result)
  const [oldest] = results.keys()
  if (results.size > mostKnown && oldest !== undefined) results.delete(oldest)
  return result
}

function findStronger(rights: IndexedRights, requester: ClusterIdentity, namespaces: readonly string[]) {
  const theirs = rights.objectsOf(requester)
  // Most accounts have permissions in the same few namespaces, so the requester's rules there are computed once.
  const known = new Map<string, Rule[]>()
  const theirRules = (place: string) => {
    const rules = known.get(place) ?? rulesIn(theirs, requester, place)
    known.set(place, rules)
    return rules
  }
  return accountsOf(rights, namespaces)
    .map((account) => moreThan(account, theirRules))
    .filter(({ rules }) => rules.length > 0)
}

/** A person's current access compared with the requested rules. Unknown parts are marked as unknown. */
export function currentAccessOf(
  cluster: string,
  observed: ObservedRights,
  who: IdentityInCluster,
  question: Question & { now: Date },
): CurrentAccess {
  const known = rightsNow(cluster, observed, question.now)
  if (!known.rights) return { difference: { known: false, why: known.why }, risk: {} }
  const { rights, readAt } = known
  // Where the server of an API group does not respond, its resources are unknown.
  const unsure = rights.served?.unsureGroups ?? []
  const isUnsure = (group: string) => (group === '*' ? unsure.length > 0 : unsure.includes(group))
  const isSure = !question.rules.some(({ apiGroups }) => apiGroups.some(isUnsure))
  const risk = {
    serviceAccounts: strongerAccounts(rights, who, question.namespaces),
    ...(rights.knownResources && isSure ? { knownResources: rights.knownResources } : {}),
  }
  if (!who.identity) return { difference: { known: false, why: who.why }, risk }
  const objects = rights.objectsOf(who.identity)
  return { difference: differenceTo(objects, who.identity, question, readAt), risk }
}
