// Which resources and verbs may a requester choose from, inside a ceiling and in one cluster?
import type { Rule } from '#lib/core/access/rule'
import type { ClusterRights, ServedResource } from './cluster-rights.ts'
import { knownResources } from './paste/known-resources.ts'
import { splitResource } from './resource-name.ts'

/** `names` are the only objects that the ceiling allows; null if it allows all of them. */
export type OfferedResource = { group: string; resource: string; verbs: string[]; names: string[] | null }

/** The verbs of requests to the API server. All others, such as `bind` and `use`, exist in RBAC only. */
const requestVerbs = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'deletecollection']

type Served = Pick<ServedResource, 'group' | 'resource' | 'namespaced' | 'verbs'>

const keyOf = ({ group, resource }: Pick<Served, 'group' | 'resource'>) => `${group}/${resource}`

function coversResource({ resources }: Rule, resource: string): boolean {
  const { subresource } = splitResource(resource)
  return resources.some((one) => one === '*' || one === resource || (subresource !== '' && one === `*/${subresource}`))
}

/** The verbs that a rule of the ceiling allows for a resource and that the resource has. */
function verbsOf({ verbs }: Rule, served: Served): string[] {
  const ofRequests = served.verbs.filter((verb) => verbs.includes('*') || verbs.includes(verb))
  return [...ofRequests, ...verbs.filter((verb) => verb !== '*' && !requestVerbs.includes(verb))]
}

const builtInGroups = new Map<string, Set<string>>()
for (const { group, resource } of knownResources)
  builtInGroups.set(resource, (builtInGroups.get(resource) ?? new Set()).add(group))

/**
 * What the ceiling itself names in these groups, for where the cluster did not say what it serves. A resource that is
 * known in one group of a rule is not offered in the others: there is no `pods.apps`.
 */
function namedIn(ceiling: readonly Rule[], isUnsure: (group: string) => boolean): Served[] {
  return ceiling.flatMap(({ apiGroups, resources }) =>
    apiGroups
      .filter((group) => group !== '*' && isUnsure(group))
      .flatMap((group) =>
        resources
          .filter((name) => !name.includes('*'))
          .filter((name) => {
            const known = builtInGroups.get(splitResource(name).resource)
            return !known || known.has(group) || !apiGroups.some((other) => known.has(other))
          })
          .map((resource) => ({ group, resource, namespaced: true, verbs: requestVerbs })),
      ),
  )
}

const rankOf = (verb: string) => {
  const rank = requestVerbs.indexOf(verb)
  return rank < 0 ? requestVerbs.length : rank
}

/**
 * The namespaced resources that a cluster serves and the ceiling covers, with the verbs that both have.
 * @param served null where it is not known what the cluster serves: then what the ceiling itself names
 */
export function offeredResources(ceiling: readonly Rule[], served: ClusterRights['served']): OfferedResource[] {
  const isUnsure = (group: string) => served === null || served.unsureGroups.includes(group)
  const known = (served?.resources ?? []).filter(({ group, namespaced }) => namespaced && !isUnsure(group))
  const all = new Map([...known, ...namedIn(ceiling, isUnsure)].map((one) => [keyOf(one), one]))
  return [...all.values()]
    .flatMap((one) => {
      const { group, resource } = one
      const rules = ceiling.filter(
        (rule) => (rule.apiGroups.includes('*') || rule.apiGroups.includes(group)) && coversResource(rule, resource),
      )
      const verbs = [...new Set(rules.flatMap((rule) => verbsOf(rule, one)))].sort((a, b) => rankOf(a) - rankOf(b))
      const isNamed = rules.every(({ resourceNames }) => resourceNames?.length)
      const names = isNamed ? [...new Set(rules.flatMap(({ resourceNames }) => resourceNames ?? []))] : null
      return verbs.length > 0 ? [{ group, resource, verbs, names }] : []
    })
    .sort((a, b) => (a.group === b.group ? (a.resource < b.resource ? -1 : 1) : a.group < b.group ? -1 : 1))
}

/** An offer with the clusters that have it, in order; null for all of them. */
export type Offer = OfferedResource & { clusters: string[] | null }

/** The offers of several clusters as one list, because they mostly serve the same. */
export function mergedOffers(byCluster: ReadonlyMap<string, readonly OfferedResource[]>): Offer[] {
  const merged = new Map<string, OfferedResource & { clusters: string[] }>()
  for (const [cluster, offers] of byCluster)
    for (const offer of offers) {
      const key = JSON.stringify(offer)
      const known = merged.get(key)
      if (known) known.clusters.push(cluster)
      else merged.set(key, { ...offer, clusters: [cluster] })
    }
  return [...merged.values()].map((offer) =>
    offer.clusters.length === byCluster.size ? { ...offer, clusters: null } : offer,
  )
}
