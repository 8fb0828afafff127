// Resources as kubectl names them, with their groups, kinds and short names.
import apiResources from './api-resources.json' with { type: 'json' }

export type KnownResource = {
  group: string
  /** The plural name, as in a URL and in a rule. */
  resource: string
  kind: string
  shortNames: readonly string[]
  namespaced: boolean
  /** In the category `all`, which `kubectl get all` lists. */
  isInAll?: boolean
}

const extension = (group: string, resource: string, kind: string, shortNames: string[] = [], namespaced = true) => ({
  ...{ group, resource, kind, shortNames, namespaced },
})

const gateways = 'gateway.networking.k8s.io'
const snapshots = 'snapshot.storage.k8s.io'

/** What most clusters have in addition to the resources of the API server itself. */
const extensions: readonly KnownResource[] = [
  extension(gateways, 'gatewayclasses', 'GatewayClass', ['gc'], false),
  extension(gateways, 'gateways', 'Gateway', ['gtw']),
  extension(gateways, 'grpcroutes', 'GRPCRoute'),
  extension(gateways, 'httproutes', 'HTTPRoute'),
  extension('metrics.k8s.io', 'nodes', 'NodeMetrics', [], false),
  extension('metrics.k8s.io', 'pods', 'PodMetrics'),
  extension(snapshots, 'volumesnapshotclasses', 'VolumeSnapshotClass', ['vsclass', 'vsclasses'], false),
  extension(snapshots, 'volumesnapshotcontents', 'VolumeSnapshotContent', ['vsc', 'vscs'], false),
  extension(snapshots, 'volumesnapshots', 'VolumeSnapshot', ['vs']),
]

/** In the API server's own order: where two groups have a name, kubectl takes the first. */
export const knownResources: readonly KnownResource[] = [...apiResources, ...extensions]

export const isNamespaced = ({ group, resource }: Pick<KnownResource, 'group' | 'resource'>): boolean =>
  knownResources.find((known) => known.group === group && known.resource === resource)?.namespaced ?? false

/** A resource that is not in the table. */
export const unlistedResource = (group: string, resource: string, namespaced = true): KnownResource => ({
  ...{ group, resource, kind: '', shortNames: [], namespaced },
})

// The singular name is the kind in lower case: true for the whole table, and an API convention for all others.
const isCalled = (known: KnownResource, word: string) =>
  known.resource === word || known.kind.toLowerCase() === word || known.shortNames.includes(word)

/**
 * The resource that kubectl understands by a word: `po`, `pod`, `Pods`, `deployments.apps`, `deployments.v1.apps`. An
 * unknown word with a group is accepted as the plural name of a namespaced resource.
 */
export function findResource(text: string): KnownResource | undefined {
  const word = text.toLowerCase()
  const exact = knownResources.find((candidate) => isCalled(candidate, word))
  if (exact) return exact
  const dot = word.indexOf('.')
  if (dot < 1) return undefined
  const name = word.slice(0, dot)
  const group = word.slice(dot + 1)
  const unversioned = group.replace(/^v[0-9][a-z0-9]{0,20}(\.|$)/, '')
  const qualified = knownResources.find(
    (candidate) => isCalled(candidate, name) && (candidate.group === group || candidate.group === unversioned),
  )
  if (qualified) return qualified
  return unversioned.includes('.') ? unlistedResource(unversioned, name) : undefined
}

/** The resource of a manifest's `apiVersion` and `kind`. */
export function resourceOfKind(apiVersion: string, kind: string): KnownResource | undefined {
  const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : ''
  return knownResources.find((candidate) => candidate.group === group && candidate.kind === kind)
}
