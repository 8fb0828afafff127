// What is known of the live cluster about one person and the rules they ask for: what is new to them, and whose rights
// would come with them. Decides only; the worker has read the cluster, and says when.
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

/** What the worker last read of a cluster; null where it never did, or why it could not. */
export type ObservedRights = { rights: IndexedRights; readAt: Date } | { rights: null; error: string | null }

/** Milliseconds. A reading older than this says too little about today; the worker reads every few minutes. */
export const tooOldMs = 30 * 60_000

/** What is known of a cluster now, or why nothing is, as a sentence. */
export function rightsNow(cluster: string, seen: ObservedRights, now: Date) {
  if (!seen.rights) {
    const why = seen.error ?? `What people may do in ${cluster} was not read yet.`
    return { rights: null, why }
  }
  if (now.getTime() - seen.readAt.getTime() > tooOldMs) {
    const why = `What people may do in ${cluster} was last read ${seen.readAt.toISOString()}: too long ago to count.`
    return { rights: null, why }
  }
  return seen
}

/** A person as a cluster knows them, or why it is not known who they are there, as a sentence. */
export type WhoTheyAre = { identity: ClusterIdentity } | { identity: null; why: string }

export function whoIn(
  cluster: string,
  mapping: PeopleMapping | undefined,
  person: Parameters<typeof identityIn>[1],
): WhoTheyAre {
  if (!mapping) return { identity: null, why: `postern.yaml does not say how ${cluster} knows people.` }
  const identity = identityIn(mapping, person)
  if (identity) return { identity }
  return { identity: null, why: `${cluster} knows people by a verified e-mail address, and there is none here.` }
}

export type CurrentAccess = {
  difference: Difference
  /** What the assessment of risk wants to know of the cluster. */
  risk: Pick<RiskContext, 'serviceAccounts' | 'knownResources'>
}

type Question = { rules: readonly Rule[]; namespaces: readonly string[] }

/** The difference to what these objects give somebody, or why it is not said. */
export function differenceTo(
  objects: ClusterObjects,
  identity: ClusterIdentity,
  { rules, namespaces }: Question,
  asOf: Date,
): Difference {
  if (countQuestions(rules, namespaces) > maxQuestions) {
    return { known: false, why: 'These are too many single rights to compare.' }
  }
  const current = new Map(namespaces.map((namespace) => [namespace, rulesIn(objects, identity, namespace)]))
  return { known: true, asOf: asOf.toISOString(), ...effectiveDifference(current, rules, namespaces) }
}

/** Most ServiceAccounts looked at for one request; those that are named in a binding come first. */
const mostAccounts = 50

type Account = { namespace: string; name: string; identity: ClusterIdentity; objects: ClusterObjects }

function accountsOf(rights: IndexedRights, namespaces: readonly string[]): Account[] {
  const all = namespaces.flatMap((namespace) =>
    rights.serviceAccountsIn(namespace).map((name) => {
      const identity = serviceAccountIdentity(namespace, name)
      const named = rights.objectsOf({ user: identity.user, groups: [] })
      return { namespace, name, identity, isNamed: named.roleBindings.length + named.clusterRoleBindings.length > 0 }
    }),
  )
  // What comes by group comes to every one of the namespace alike: one that no binding names stands for the others.
  const groupOnly = new Set<string>()
  const some = all.filter(({ namespace, isNamed }) => {
    if (isNamed) return true
    const isFirst = !groupOnly.has(namespace)
    groupOnly.add(namespace)
    return isFirst
  })
  return some
    .sort((a, b) => Number(b.isNamed) - Number(a.isNamed))
    .slice(0, mostAccounts)
    .map(({ namespace, name, identity }) => ({ namespace, name, identity, objects: rights.objectsOf(identity) }))
}

/**
 * Kubernetes gives these to every ServiceAccount (`system:cluster-trust-bundle-discovery`): public certificates, which
 * are no power worth a warning on every pod.
 */
const harmless: readonly Rule[] = [
  { apiGroups: ['certificates.k8s.io'], resources: ['clustertrustbundles'], verbs: ['get', 'list', 'watch'] },
]

/** What a ServiceAccount may do, anywhere, that the requester may not do there. */
function moreThan(account: Account, theirRules: (place: string) => readonly Rule[]): ServiceAccountRights {
  const { namespace, name, identity, objects } = account
  const places = new Set(['', ...objects.roleBindings.map(({ metadata }) => metadata.namespace)])
  const rules = [...places].flatMap(
    (place) => covers([...harmless, ...theirRules(place)], rulesIn(objects, identity, place)).uncovered,
  )
  return { namespace, name, rules }
}

/** Of the ServiceAccounts of these namespaces, those with more power than the requester, with what is more. */
function strongerAccounts(rights: IndexedRights, who: WhoTheyAre, namespaces: readonly string[]) {
  // Somebody unknown is held to have what everybody has who signs in.
  const requester = who.identity ?? personIdentity('', [])
  const theirs = rights.objectsOf(requester)
  // Accounts mostly hold something in the same few places.
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

/** What the live cluster says about these rules for this person. What is not known is said as such. */
export function currentAccessOf(
  cluster: string,
  seen: ObservedRights,
  who: WhoTheyAre,
  question: Question & { now: Date },
): CurrentAccess {
  const known = rightsNow(cluster, seen, question.now)
  if (!known.rights) return { difference: { known: false, why: known.why }, risk: {} }
  const { rights, readAt } = known
  // Of a group whose own server does not answer nobody can say that it serves nothing of that name.
  const unsure = rights.served?.unsureGroups ?? []
  const isSure = !question.rules.some(({ apiGroups }) => apiGroups.some((group) => unsure.includes(group)))
  const risk = {
    serviceAccounts: strongerAccounts(rights, who, question.namespaces),
    ...(rights.knownResources && isSure ? { knownResources: rights.knownResources } : {}),
  }
  if (!who.identity) return { difference: { known: false, why: who.why }, risk }
  const objects = rights.objectsOf(who.identity)
  return { difference: differenceTo(objects, who.identity, question, readAt), risk }
}
