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
import { seesEverything } from '#lib/core/access/may-act'
import { grantsNamespace } from '#lib/core/access/namespaces'
import type { Rule } from '#lib/core/access/rule'
import { isSamePerson } from '#lib/core/access/same-person'
import { objectName, userName } from '#lib/core/grants/names'
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

/** Whom it is asked about. NB: others than auditors and admins learn nothing by asking about somebody, not even a name. */
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

/** What would have to be allowed, as the rule that a Role would say. */
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

/** Does what is asked about make sense in this cluster? A typo is refused like anything else, which helps nobody. */
function hintsOf(question: AccessQuestion, rights: IndexedRights | null): string[] {
  if (!('attributes' in question) || !rights?.served || !rights.knownResources) return []
  const { attributes } = question
  if (rights.served.unsureGroups.includes(attributes.group)) return []
  const unknown = unknownResources([ruleOf(attributes)], rights.knownResources).map(({ sentence }) => sentence)
  const full = attributes.subresource ? `${attributes.resource}/${attributes.subresource}` : attributes.resource
  const served = rights.served.resources.find(({ group, resource }) => group === attributes.group && resource === full)
  if (served && !served.namespaced && attributes.namespace) {
    unknown.push(`${full} belong to the cluster and to no namespace: ask without one.`)
  }
  return unknown
}

/** The entitlements that would allow all of it there, best first. */
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
    .map(({ id, requestId, title, expiresAt, clusterRole }) => ({
      ...{ id, requestId, title, expiresAt: expiresAt.toISOString(), user: userName(id) },
      binding: { kind: 'RoleBinding' as const, namespace: attributes.namespace, name: objectName(id) },
      role: clusterRole ? { kind: 'ClusterRole', name: clusterRole } : { kind: 'Role', name: objectName(id) },
    }))
}

const inWords = (question: AccessQuestion): string => {
  if (!('attributes' in question)) return `${question.verb} the path ${question.path}`
  const { namespace } = question.attributes
  const where = namespace ? `in ${namespace}` : 'in the whole cluster'
  return `${rulesInWords([ruleOf(question.attributes)])} ${where}`
}

type Subject = Pick<ExplainQuery, 'cluster' | 'person'>

/** Everything that answers about one person in one cluster are made of. */
async function gatherFacts(actor: PersonActor, { cluster, person: wanted }: Subject) {
  const person = await personOf(actor, wanted)
  const configured = currentPolicy().configuration.clusters.find(({ name }) => name === cluster)
  if (!configured) {
    const errors = [{ pointer: 'cluster', message: 'is no cluster of this configuration' }]
    throw new AppError('invalid', `There is no cluster ${cluster}.`, { errors })
  }
  const [seen, grants, offered] = await Promise.all([
    readRights(reads(), cluster),
    findGrantsHeldBy(person.id, cluster),
    entitlementsOf(person),
  ])
  const known = rightsNow(cluster, seen, new Date())
  const who = whoIn(cluster, configured.people, person)
  const whose = isSamePerson(person, actor.person) ? 'You' : person.name
  return { person, whose, known, who, grants, offered }
}

function answerTo(
  query: Omit<ExplainQuery, 'person'>,
  { person, whose, known, who, grants, offered }: Awaited<ReturnType<typeof gatherFacts>>,
): AccessExplanation {
  const question = questionOf(query)
  const answer =
    known.rights && who.identity ? explain(known.rights.objectsOf(who.identity), who.identity, question) : null
  const { cluster, group, resource = null, subresource, name, namespace, verb, path = null } = query
  const words = inWords(question)
  const notKnown = known.rights ? (who.identity ? '' : who.why) : known.why
  return {
    person: toPersonResource(person),
    question: { cluster, verb, group, resource, subresource, name, namespace, path },
    identity: who.identity && { user: who.identity.user, groups: [...who.identity.groups] },
    asOf: known.rights ? known.readAt.toISOString() : null,
    allowed: answer ? answer.ways.length > 0 : null,
    why: !answer
      ? notKnown
      : answer.ways.length > 0
        ? `${whose} may ${words}.`
        : `${whose} may not ${words}: no role that is bound there says so.`,
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
 * May somebody do one thing in a cluster as themselves, by which bindings and roles, or what is missing and what to ask
 * for. By RBAC as the worker last read it: the cluster is not asked, and its other authorizers may allow more.
 * @throws AppError `not-found` for another person than oneself, unless an auditor or admin asks about one that is known;
 * `invalid` for a cluster that is not configured
 */
export async function explainAccess(actor: PersonActor, query: ExplainQuery): Promise<AccessExplanation> {
  return answerTo(query, await gatherFacts(actor, query))
}

/**
 * The same for several things that one person would do in one cluster: what is known of both is read once, however many.
 * @throws AppError as above
 */
export async function explainEach(
  actor: PersonActor,
  subject: Subject,
  questions: readonly Omit<ExplainQuery, keyof Subject>[],
): Promise<AccessExplanation[]> {
  const facts = await gatherFacts(actor, subject)
  return questions.map((question) => answerTo({ ...question, cluster: subject.cluster }, facts))
}
