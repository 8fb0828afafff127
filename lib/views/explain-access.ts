import { reads } from '#lib/adapters/db/client'
import { readRights } from '#lib/adapters/db/clusters/cluster-rights'
import { type ActiveGrant, findGrantsHeldBy } from '#lib/adapters/db/grants/grants-held-by'
import { findPeopleNamed } from '#lib/adapters/db/people/find-person'
import { toPersonResource } from '#lib/adapters/db/people/people'
import { currentPolicy } from '#lib/adapters/policy/current'
import type { Person, PersonActor } from '#lib/core/access/actor'
import type { EntitlementResource } from '#lib/core/access/entitlement-resource'
import { AppError, notFound } from '#lib/core/access/errors'
import type { AccessExplanation, ExplainQuery } from '#lib/core/access/explanation'
import { seesEverything } from '#lib/core/access/may-see'
import { grantsNamespace } from '#lib/core/access/namespaces'
import type { Rule } from '#lib/core/access/rule'
import { isSamePerson } from '#lib/core/access/same-person'
import { objectName, subjectOf } from '#lib/core/grants/names'
import { allows } from '#lib/core/rbac/allows'
import type { Attributes } from '#lib/core/rbac/attributes'
import type { PolicyRule } from '#lib/core/rbac/cluster-objects'
import type { IndexedRights } from '#lib/core/rbac/cluster-rights'
import { rightsNow, whoIn } from '#lib/core/rbac/current-access'
import type { Chain } from '#lib/core/rbac/effective-rules'
import { type AccessQuestion, explain } from '#lib/core/rbac/explain'
import { matchingEntitlements, requestPath } from '#lib/core/rbac/matching-entitlements'
import { unknownResources } from '#lib/core/rbac/risk/unknown-resources'
import { rulesInWords } from '#lib/core/rbac/sentence'
import { entitlementsOf } from './list-entitlements.ts'

/** The person whose access is checked. Only auditors and admins may check another person; to others no one else exists. */
async function personOf(actor: PersonActor, wanted: string | undefined): Promise<Person> {
  const { id, subject, email } = actor.person
  if (!wanted || [id, subject, email].includes(wanted)) return actor.person
  if (!seesEverything(actor)) throw notFound()
  const [found, another] = await findPeopleNamed(wanted)
  if (!found || another) throw notFound()
  return found
}

function questionOf({ verb, group, resource, subresource, name, namespace, path }: ExplainQuery): AccessQuestion {
  if (!resource) return { path: path ?? '/', verb }
  return { attributes: { namespace, verb, group, resource, subresource, name } }
}

/** The permission that is asked about, as a rule of a Role. */
function ruleOf({ verb, group, resource, subresource, name }: Attributes): Rule {
  return {
    verbs: [verb],
    apiGroups: [group],
    resources: [subresource ? `${resource}/${subresource}` : resource],
    ...(name ? { resourceNames: [name] } : {}),
  }
}

const linkOf = ({ binding: { namespace, name }, role }: Chain) => ({
  binding: { kind: namespace === null ? ('ClusterRoleBinding' as const) : ('RoleBinding' as const), namespace, name },
  role,
})

const plainRule = ({ verbs, apiGroups, resources, resourceNames, nonResourceURLs }: PolicyRule) => ({
  verbs: verbs ?? [],
  apiGroups: apiGroups ?? [],
  resources: resources ?? [],
  resourceNames: resourceNames ?? [],
  nonResourceURLs: nonResourceURLs ?? [],
})

/** Why the question may be a mistake: RBAC denies a misspelled resource without saying that it does not exist. */
function hintsOf(question: AccessQuestion, rights: IndexedRights | null): string[] {
  if (!('attributes' in question) || !rights?.served || !rights.knownResources) return []
  const { attributes } = question
  if (rights.served.unsureGroups.includes(attributes.group)) return []
  const unknown = unknownResources([ruleOf(attributes)], rights.knownResources).map(({ sentence }) => sentence)
  const full = attributes.subresource ? `${attributes.resource}/${attributes.subresource}` : attributes.resource
  const served = rights.served.resources.find(({ group, resource }) => group === attributes.group && resource === full)
  if (served && !served.namespaced && attributes.namespace) {
    unknown.push(`${full} is cluster-scoped: leave out the namespace.`)
  }
  return unknown
}

/** The entitlements that would allow it there, best first. */
function entitlementsThatAllow(all: readonly EntitlementResource[], cluster: string, attributes: Attributes) {
  const needed = { rules: [ruleOf(attributes)], namespaces: [attributes.namespace] }
  return matchingEntitlements(all, needed)
    .filter(({ clusters, missing }) => missing.length === 0 && clusters.includes(cluster))
    .map(({ entitlement }) => ({
      name: entitlement.name,
      title: entitlement.title,
      approvals: entitlement.approvals,
      requestPath: requestPath(entitlement, needed, cluster),
    }))
}

function grantsThatAllow(grants: readonly ActiveGrant[], question: AccessQuestion) {
  if (!('attributes' in question)) return []
  const { attributes } = question
  return grants
    .filter(({ namespaces, rules }) => namespaces.includes(attributes.namespace) && allows(rules, attributes))
    .map(({ id, requestId, title, expiresAt, clusterRole, subject }) => ({
      ...{ id, requestId, title, expiresAt: expiresAt.toISOString(), user: subjectOf(id, subject).user },
      binding: { kind: 'RoleBinding' as const, namespace: attributes.namespace, name: objectName(id) },
      role: clusterRole ? { kind: 'ClusterRole', name: clusterRole } : { kind: 'Role', name: objectName(id) },
    }))
}

const describe = (question: AccessQuestion): string => {
  if (!('attributes' in question)) return `${question.verb} the path ${question.path}`
  const { namespace } = question.attributes
  const where = namespace ? `in ${namespace}` : 'cluster-wide'
  return `${rulesInWords([ruleOf(question.attributes)])} ${where}`
}

type Subject = Pick<ExplainQuery, 'cluster' | 'person'>
type Action = Omit<ExplainQuery, keyof Subject>

/** All that is needed to answer questions about one person in one cluster. */
async function gatherFacts(actor: PersonActor, { cluster, person: wanted }: Subject) {
  const person = await personOf(actor, wanted)
  const configured = currentPolicy().configuration.clusters.find(({ name }) => name === cluster)
  if (!configured) {
    const errors = [{ pointer: 'cluster', message: 'is not a configured cluster' }]
    throw new AppError('invalid', `${cluster} is not a configured cluster.`, { errors })
  }
  const [rights, grants, offered] = await Promise.all([
    readRights(reads(), cluster),
    findGrantsHeldBy(person.id, cluster),
    entitlementsOf(person),
  ])
  const known = rightsNow(cluster, rights, new Date())
  const who = whoIn(cluster, configured.people, person)
  const name = isSamePerson(person, actor.person) ? 'You' : person.name
  const objects = known.rights && who.identity ? known.rights.objectsOf(who.identity) : null
  return { person, name, known, who, objects, grants, offered }
}

function answerTo(
  query: Omit<ExplainQuery, 'person'>,
  { person, name: personName, known, who, objects, grants, offered }: Awaited<ReturnType<typeof gatherFacts>>,
): AccessExplanation {
  const question = questionOf(query)
  const answer = objects && who.identity ? explain(objects, who.identity, question) : null
  const { cluster, group, resource = null, subresource, name, namespace, verb, path = null } = query
  const action = describe(question)
  const whyUnknown = known.rights ? (who.identity ? '' : who.why) : known.why
  const them = personName === 'You' ? 'you' : 'them'
  return {
    person: toPersonResource(person),
    question: { cluster, verb, group, resource, subresource, name, namespace, path },
    identity: who.identity && { user: who.identity.user, groups: [...who.identity.groups] },
    asOf: known.rights ? known.readAt.toISOString() : null,
    allowed: answer ? answer.ways.length > 0 : null,
    why: !answer
      ? whyUnknown
      : answer.ways.length > 0
        ? `${personName} can ${action}.`
        : `${personName} can't ${action}: no role bound to ${them} there allows it.`,
    ways: (answer?.ways ?? []).map(({ chain, rule }) => ({ ...linkOf(chain), rule: plainRule(rule) })),
    dangling: (answer?.dangling ?? []).map(linkOf),
    grants: grantsThatAllow(grants, question),
    hints: hintsOf(question, known.rights),
    entitlements:
      'attributes' in question && namespace && namespace !== grantsNamespace
        ? entitlementsThatAllow(offered, cluster, question.attributes)
        : [],
  }
}

/**
 * Can a person do one thing in a cluster with their own account? By which bindings and roles, or which entitlement would
 * allow it? Decided by the RBAC objects that the worker last read: the cluster is not called, and its other authorizers may
 * allow more.
 * @throws AppError `not-found` about another person, unless an auditor or admin names a known one; `invalid` for a cluster
 * that is not configured
 */
export async function explainAccess(actor: PersonActor, query: ExplainQuery): Promise<AccessExplanation> {
  return answerTo(query, await gatherFacts(actor, query))
}

/**
 * The same for several things in one cluster. What is known about the person and the cluster is read once.
 * @throws AppError as above
 */
export async function explainEach(
  actor: PersonActor,
  { actions, ...subject }: Subject & { actions: readonly Action[] },
): Promise<AccessExplanation[]> {
  const facts = await gatherFacts(actor, subject)
  return actions.map((action) => answerTo({ ...action, cluster: subject.cluster }, facts))
}
