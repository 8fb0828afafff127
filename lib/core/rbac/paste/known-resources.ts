// Resources as kubectl names them, with their groups, kinds and short names: those that a cluster serves where that is
// known, else those of the API server and of common extensions.
import type { ServedResource } from '#lib/core/rbac/cluster-rights'
import apiResources from './api-resources.json' with { type: 'json' }
import extensionResources from './extension-resources.json' with { type: 'json' }

export type KnownResource = {
  group: string
  /** The plural name, as in a URL and in a rule. */
  resource: string
  /** '' where it is not known. */
  kind: string
  shortNames: readonly string[]
  namespaced: boolean
  /** In the category `all`, which `kubectl get all` lists. */
  isInAll?: boolean
  /** Further words that list it together with others, such as `managed`. */
  categories?: readonly string[]
}

/** The resources that a word may mean. */
export type Kinds = {
  /** Where several have a name, kubectl takes the first. */
  resources: readonly KnownResource[]
  /** What the cluster serves below them, such as `deployments/scale.apps`; null where that is not known. */
  subresources: ReadonlySet<string> | null
}

/** `certificates Certificate cert,certs all`; `!` in front of one outside namespaces, `-` for no short names. */
function fromEntry(group: string, entry: string): KnownResource {
  const [plural = '', kind = '', shortNames = '-', category] = entry.split(' ')
  return {
    ...{ group, resource: plural.replace('!', ''), kind, namespaced: !plural.startsWith('!') },
    shortNames: shortNames === '-' ? [] : shortNames.split(','),
    ...(category === 'all' ? { isInAll: true } : {}),
  }
}

const builtIns = new Set(apiResources.map(({ group, resource }) => `${resource}.${group}`))

/** Resources of the API server itself: where an extension has the same name, kubectl takes these. */
export const isBuiltIn = ({ group, resource }: KnownResource) => builtIns.has(`${resource}.${group}`)

/** What clusters often have in addition to the resources of the API server itself, the more common groups first. */
const extensions: readonly KnownResource[] = Object.entries(extensionResources).flatMap(([group, entries]) =>
  entries.map((entry) => fromEntry(group, entry)),
)

/** In the API server's own order, and extensions behind them. */
export const knownResources: readonly KnownResource[] = [...apiResources, ...extensions]

export const standardKinds: Kinds = { resources: knownResources, subresources: null }

const keyOf = ({ group, resource }: Pick<KnownResource, 'group' | 'resource'>) => `${resource}.${group}`
const known = new Map(knownResources.map((resource, order) => [keyOf(resource), { resource, order }]))

/** The kinds of a cluster, or of several, from their discovery. */
export function kindsServed(served: readonly ServedResource[]): Kinds {
  const byKey = new Map<string, KnownResource>()
  const subresources = new Set<string>()
  for (const { group, resource, namespaced, kind, shortNames, categories } of served) {
    if (resource.includes('/')) {
      subresources.add(keyOf({ group, resource }))
      continue
    }
    const before = known.get(keyOf({ group, resource }))?.resource
    byKey.set(keyOf({ group, resource }), {
      ...{ group, resource, namespaced },
      kind: kind ?? before?.kind ?? '',
      shortNames: shortNames ?? before?.shortNames ?? [],
      ...((categories ? categories.includes('all') : before?.isInAll) ? { isInAll: true } : {}),
      ...(categories ? { categories } : {}),
    })
  }
  const orderOf = (one: KnownResource) => known.get(keyOf(one))?.order ?? knownResources.length
  return { resources: [...byKey.values()].sort((a, b) => orderOf(a) - orderOf(b)), subresources }
}

/** Whether objects of this kind are in namespaces; undefined where the kind is not known. */
export const isNamespaced = (one: Pick<KnownResource, 'group' | 'resource'>, kinds = standardKinds) =>
  (kinds.resources.find((candidate) => keyOf(candidate) === keyOf(one)) ?? known.get(keyOf(one))?.resource)?.namespaced

/** The resources of a category such as `all`. NB: of extensions only those that a cluster is known to serve. */
export function resourcesInCategory(word: string, { resources, subresources }: Kinds): readonly KnownResource[] {
  if (word === 'all') return (subresources ? resources : apiResources).filter(({ isInAll }) => isInAll)
  return resources.filter(({ categories }) => categories?.includes(word))
}

/** Whether the cluster serves this below the resource; undefined where its discovery is not known. */
export const isServedBelow = ({ subresources }: Kinds, { group, resource }: KnownResource, subresource: string) =>
  subresources?.has(keyOf({ group, resource: `${resource}/${subresource}` }))

/** A resource that is not in the table. */
export const unlistedResource = (group: string, resource: string, namespaced = true): KnownResource => ({
  ...{ group, resource, kind: '', shortNames: [], namespaced },
})

/** The plural of a kind by the convention of Kubernetes. */
export function pluralOf(kind: string): string {
  const word = kind.toLowerCase()
  if (/(?:s|x|z|ch|sh)$/.test(word)) return `${word}es`
  return /[^aeiou]y$/.test(word) ? `${word.slice(0, -1)}ies` : `${word}s`
}

// The singular name is the kind in lower case: true for the API server's own resources, and a convention for all others.
const isCalled = ({ resource, kind, shortNames }: KnownResource, word: string) =>
  resource === word ||
  kind.toLowerCase() === word ||
  shortNames.includes(word) ||
  (kind === '' && resource === pluralOf(word))

/** Every resource that a word may mean: `po`, `pod`, `Pods`, `deployments.apps`, `deployments.v1.apps`. */
export function resourcesCalled(text: string, { resources }: Kinds = standardKinds): KnownResource[] {
  const word = text.toLowerCase()
  const exact = resources.filter((candidate) => isCalled(candidate, word))
  const dot = word.indexOf('.')
  if (exact.length > 0 || dot < 1) return exact
  const group = word.slice(dot + 1)
  const unversioned = group.replace(/^v[0-9][a-z0-9]{0,20}(\.|$)/, '')
  const named = resources.filter((candidate) => isCalled(candidate, word.slice(0, dot)))
  const qualified = named.filter((candidate) => candidate.group === group || candidate.group === unversioned)
  // kubectl accepts the beginning of a group: `certificates.cert-manager`.
  return qualified.length > 0 ? qualified : named.filter((candidate) => candidate.group.startsWith(`${unversioned}.`))
}

/**
 * The resource that kubectl understands by a word. An unknown word with a group is accepted as the plural name of a
 * namespaced resource.
 */
export function findResource(text: string, kinds: Kinds = standardKinds): KnownResource | undefined {
  const [found = kinds.subresources ? resourcesCalled(text)[0] : undefined] = resourcesCalled(text, kinds)
  if (found) return found
  const [name = '', ...group] = text.toLowerCase().split('.')
  const unversioned = group.join('.').replace(/^v[0-9][a-z0-9]{0,20}(\.|$)/, '')
  return name !== '' && unversioned.includes('.') ? unlistedResource(unversioned, name) : undefined
}

/** The resource of a manifest's `apiVersion` and `kind`; its plural name is a convention where the kind is not known. */
export function resourceOfKind(apiVersion: string, kind: string, kinds: Kinds = standardKinds): KnownResource {
  const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : ''
  const plural = pluralOf(kind)
  const find = (resources: readonly KnownResource[]) =>
    resources.find((candidate) => candidate.group === group && candidate.kind === kind) ??
    resources.find((candidate) => candidate.group === group && candidate.resource === plural)
  return find(kinds.resources) ?? find(knownResources) ?? unlistedResource(group, plural)
}
