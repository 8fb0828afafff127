// The access questions that the page "Check access" puts to a cluster.
import type { ExplainQuery } from '#lib/core/access/explanation'
import { breakdown, countQuestions } from '#lib/core/rbac/breakdown'
import type { ServedResource } from '#lib/core/rbac/cluster-rights'
import { splitResource } from '#lib/core/rbac/resource-name'
import { findResource, type Kinds, kindsServed, standardKinds } from './known-resources.ts'
import { readPaste } from './paste.ts'

/** The fields of the page's URL. Each may be empty. */
export type CheckAccessFields = Record<'q' | 'cluster' | 'verb' | 'what' | 'namespace' | 'name' | 'person', string>

/** No one reads more answers than this. */
const maxShown = 12

/** Above this many permissions a paste gets no answer, so that it cannot keep the server busy. */
const maxPermissions = 1000

/** `deploy`, `deployments.apps/scale` or `pods/log`, as the API server names it. */
function resourceOf(what: string, kinds: Kinds): Pick<ExplainQuery, 'group' | 'resource' | 'subresource'> {
  const { resource: target, subresource } = splitResource(what)
  const known = findResource(target, kinds)
  if (known) return { group: known.group, resource: known.resource, subresource }
  const [resource = '', ...group] = target.split('.')
  return { group: group.join('.'), resource, subresource }
}

const subjectOf = ({ cluster, person }: Pick<CheckAccessFields, 'cluster' | 'person'>) => ({
  cluster,
  ...(person ? { person } : {}),
})

function fromPaste(fields: CheckAccessFields, clusters: readonly string[], kinds: Kinds): ExplainQuery[] {
  const paste = readPaste(fields.q, kinds)
  if (!paste) return []
  const cluster = paste.context && clusters.includes(paste.context) ? paste.context : fields.cluster
  const inNamespaces = paste.namespaces.length ? paste.namespaces : [fields.namespace]
  const permissions = [[paste.rules, inNamespaces] as const, [paste.clusterRules, ['']] as const].flatMap(
    ([rules, namespaces]) => (countQuestions(rules, namespaces) > maxPermissions ? [] : breakdown(rules, namespaces)),
  )
  return permissions.slice(0, maxShown).map((one) => ({ ...subjectOf({ ...fields, cluster }), ...one }))
}

/**
 * One question for each permission that a pasted refusal or command needs, or the one that the fields name.
 * @param served what the clusters serve; null where that is not known
 */
export function accessQuestions(
  fields: CheckAccessFields,
  clusters: readonly string[],
  served: readonly ServedResource[] | null = null,
): ExplainQuery[] {
  const kinds = served ? kindsServed(served) : standardKinds
  const cluster = fields.cluster || (clusters[0] ?? '')
  if (fields.q) return fromPaste({ ...fields, cluster }, clusters, kinds)
  const { verb, what, namespace, name } = fields
  if (!verb || !what) return []
  const question = { ...subjectOf({ ...fields, cluster }), verb: verb.toLowerCase() }
  if (what.startsWith('/')) return [{ ...question, path: what, group: '', subresource: '', name: '', namespace: '' }]
  return [{ ...question, ...resourceOf(what, kinds), namespace, name }]
}
