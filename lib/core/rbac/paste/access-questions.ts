import type { ExplainQuery } from '#lib/core/access/explanation'
import { breakdown, countQuestions } from '#lib/core/rbac/breakdown'
import { findResource, knownResources } from './known-resources.ts'
import { readPaste } from './paste.ts'

/** What the address of the page says; every field may be empty. */
export type WhyFields = Record<'q' | 'cluster' | 'verb' | 'what' | 'namespace' | 'name' | 'person', string>

/** A pasted command may need many rights; more answers than these nobody reads. */
const mostQuestions = 12

/** `deploy`, `deployments.apps/scale`, `pods/log`: the words of kubectl, as the API server means them. */
function resourceOf(what: string): Pick<ExplainQuery, 'group' | 'resource' | 'subresource'> {
  const [target = '', ...rest] = what.split('/')
  const subresource = rest.join('/')
  const known = findResource(target, knownResources)
  if (known) return { group: known.group, resource: known.resource, subresource }
  const [resource = '', ...group] = target.split('.')
  return { group: group.join('.'), resource, subresource }
}

const about = ({ cluster, person }: Pick<WhyFields, 'cluster' | 'person'>) => ({
  cluster,
  ...(person ? { person } : {}),
})

function fromPaste(fields: WhyFields, clusters: readonly string[]): ExplainQuery[] {
  const paste = readPaste(fields.q)
  if (!paste) return []
  const named = paste.context && clusters.includes(paste.context) ? paste.context : null
  const cluster = named ?? fields.cluster
  const namespaces = paste.namespaces.length ? paste.namespaces : [fields.namespace]
  const rights = [
    ...(countQuestions(paste.rules, namespaces) > 1000 ? [] : breakdown(paste.rules, namespaces)),
    ...(countQuestions(paste.clusterRules, ['']) > 1000 ? [] : breakdown(paste.clusterRules, [''])),
  ]
  return rights.slice(0, mostQuestions).map((right) => ({ ...about({ ...fields, cluster }), ...right }))
}

/** What is asked: the single rights that a pasted refusal or command needs, or the one that the fields name. */
export function questionsOf(fields: WhyFields, clusters: readonly string[]): ExplainQuery[] {
  const cluster = fields.cluster || (clusters[0] ?? '')
  if (fields.q) return fromPaste({ ...fields, cluster }, clusters)
  const { verb, what, namespace, name } = fields
  if (!verb || !what) return []
  const asked = { ...about({ ...fields, cluster }), verb: verb.toLowerCase() }
  if (what.startsWith('/')) return [{ ...asked, path: what, group: '', subresource: '', name: '', namespace: '' }]
  return [{ ...asked, ...resourceOf(what), namespace, name }]
}
