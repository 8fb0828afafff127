import { isDeepStrictEqual } from 'node:util'
import type { KubernetesObject, V1DeleteOptions } from '@kubernetes/client-node'
import { grantsNamespace } from '#lib/core/access/namespaces'
import { keyOf, keyText, type Manifest, type ObjectKey } from '#lib/core/grants/manifests'
import { grantOf, labels, managedBy } from '#lib/core/grants/names'
import {
  endOf,
  essenceOf,
  fingerprintOf,
  type InspectedObject,
  type ObservedObject,
  type ShownObject,
  toObserved,
} from '#lib/core/grants/observed'
import type { ClusterClient } from './client.ts'
import { ClusterError } from './errors.ts'
import { listPages } from './list-pages.ts'
import { withConcurrency } from './with-concurrency.ts'

/** What was made: who the object is, and the end that its annotation tells whoever looks at the cluster alone. */
export type CreatedObject = ObjectKey & { uid: string; createdAt: Date; expiresAt: Date | null; fingerprint: string }

type Found = KubernetesObject & Omit<ShownObject, 'metadata'>

const create = (client: ClusterClient, manifest: Manifest): Promise<Found> => {
  const { namespace } = manifest.metadata
  switch (manifest.kind) {
    case 'ServiceAccount':
      return client.core.createNamespacedServiceAccount({ namespace, body: manifest })
    case 'Role':
      return client.rbac.createNamespacedRole({ namespace, body: manifest })
    case 'RoleBinding':
      return client.rbac.createNamespacedRoleBinding({ namespace, body: manifest })
  }
}

const read = ({ core, rbac }: ClusterClient, { kind, namespace, name }: ObjectKey): Promise<Found> => {
  const readers = {
    ServiceAccount: () => core.readNamespacedServiceAccount({ namespace, name }),
    Role: () => rbac.readNamespacedRole({ namespace, name }),
    RoleBinding: () => rbac.readNamespacedRoleBinding({ namespace, name }),
  }
  return readers[kind]()
}

/** The same as the parts that matter, whatever the client made of dates. */
const shownOf = (found: Found) => found as ShownObject

function toCreatedObject(key: ObjectKey, found: Found): CreatedObject {
  const { uid, creationTimestamp } = found.metadata ?? {}
  if (!uid) throw new ClusterError('transient', `The cluster gave ${keyText(key)} no uid.`)
  return {
    ...key,
    uid,
    createdAt: creationTimestamp ? new Date(creationTimestamp) : new Date(),
    expiresAt: endOf(shownOf(found)),
    fingerprint: fingerprintOf(shownOf(found)),
  }
}

async function orExisting<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call
  } catch (error) {
    if (error instanceof ClusterError && error.kind === 'exists') return undefined
    throw error
  }
}

/**
 * Makes an object of a grant. When something of that name is there already, it counts as made only if it says that it
 * is this grant's and gives exactly the same: what is not ours is never adopted, nor what somebody changed.
 * @throws ClusterError
 */
export async function createObject(client: ClusterClient, manifest: Manifest): Promise<CreatedObject> {
  const key = keyOf(manifest)
  const made = await orExisting(create(client, manifest))
  if (made) {
    if (isDeepStrictEqual(essenceOf(shownOf(made)), essenceOf(manifest))) return toCreatedObject(key, made)
    const sentence = `The cluster changed ${keyText(key)} while it was made: something there rewrites objects.`
    throw new ClusterError('refused', sentence, { status: 422 })
  }
  const found = await read(client, key)
  const isOurs = grantOf(found.metadata?.labels) === manifest.metadata.labels[labels.grant]
  if (
    !isOurs ||
    found.metadata?.deletionTimestamp ||
    !isDeepStrictEqual(essenceOf(shownOf(found)), essenceOf(manifest))
  ) {
    throw new ClusterError('refused', `${keyText(key)} is there already and is not what Postern makes.`, {
      status: 409,
    })
  }
  return toCreatedObject(key, found)
}

async function remove(client: ClusterClient, key: ObjectKey, uid: string): Promise<unknown> {
  const { core, rbac } = client
  const { kind, namespace, name } = key
  const body: V1DeleteOptions = { preconditions: { uid }, propagationPolicy: 'Background' }
  const removers = {
    ServiceAccount: () => core.deleteNamespacedServiceAccount({ namespace, name, body }),
    Role: () => rbac.deleteNamespacedRole({ namespace, name, body }),
    RoleBinding: () => rbac.deleteNamespacedRoleBinding({ namespace, name, body }),
  }
  try {
    return await removers[kind]()
  } catch (error) {
    // With a namespace goes what Postern may do there. That nothing is left, its right to look everywhere still tells.
    if (error instanceof ClusterError && error.status === 403) await read(client, key)
    throw error
  }
}

const orMissing = async <T>(call: Promise<T>): Promise<T | undefined> => {
  try {
    return await call
  } catch (error) {
    if (error instanceof ClusterError && error.kind === 'missing') return undefined
    throw error
  }
}

/**
 * Removes an object of a grant; success when it is not there. With a uid it is this object or none; without one (nobody
 * saw it made), or where another one has taken its name, whatever is there goes only if it says that it is this grant's.
 * Returns the uid of what was removed, null where nothing was there to remove.
 * @throws ClusterError
 */
export async function deleteObject(
  client: ClusterClient,
  key: ObjectKey,
  grantId: string,
  uid: string | null,
): Promise<string | null> {
  if (uid) {
    try {
      return (await orMissing(remove(client, key, uid))) === undefined ? null : uid
    } catch (error) {
      if (!(error instanceof ClusterError) || error.kind !== 'exists') throw error
    }
  }
  const found = await orMissing(read(client, key))
  if (!found?.metadata?.uid || grantOf(found.metadata.labels) !== grantId) return null
  const removed = await orMissing(remove(client, key, found.metadata.uid))
  return removed === undefined ? null : found.metadata.uid
}

/**
 * Removes exactly this object, whatever its labels say by now. Success when it is not there, or another one has its name.
 * Returns whether this call removed it.
 * @throws ClusterError
 */
export async function deleteExactly(client: ClusterClient, object: ObjectKey & { uid: string }): Promise<boolean> {
  return (await orExisting(orMissing(remove(client, object, object.uid)))) !== undefined
}

/** What is there under these names at this moment, whoever made it; what is not there is left out. Consistent reads. */
export async function readObjects(client: ClusterClient, keys: readonly ObjectKey[]): Promise<InspectedObject[]> {
  const found = await withConcurrency(8, keys, async (key) => {
    const object = await orMissing(read(client, key))
    const observed = object && toObserved(key.kind, shownOf(object))
    return observed ? { ...observed, shown: shownOf(object) } : []
  })
  return found.flat()
}

/**
 * Objects of one answer. A page of Roles is about 2.5 MB, so what Postern holds in memory stays small, and 10,000 grants
 * of three objects are 15 calls.
 */
const pageSize = 2000

const rbac = '/apis/rbac.authorization.k8s.io/v1'
const lists: ReadonlyArray<[kind: ObservedObject['kind'], path: string]> = [
  ['RoleBinding', `${rbac}/rolebindings`],
  ['Role', `${rbac}/roles`],
  ['ServiceAccount', `/api/v1/namespaces/${grantsNamespace}/serviceaccounts`],
]

/** What each page of the last look at a cluster showed: mostly the next look brings the same again, to the byte. */
type SeenPages = Map<string, readonly ObservedObject[]>
const lastPages = new WeakMap<ClusterClient, SeenPages>()

/**
 * Everything in the cluster that carries the labels of this Postern, page by page: ServiceAccounts of the grants'
 * namespace, Roles and RoleBindings of every namespace. Consistent: without a resource version the API server answers
 * with nothing older than the moment it was asked, and all pages show that moment.
 * @param instance see instanceOf()
 * @throws ClusterError
 */
export async function listOurs(client: ClusterClient, instance: string): Promise<ObservedObject[]> {
  const labelSelector = `${labels.managedBy}=${managedBy},${labels.instance}=${instance}`
  const before = lastPages.get(client)
  const pages: SeenPages = new Map()
  for (const [kind, path] of lists)
    for await (const page of listPages(client, path, { labelSelector, limit: pageSize })) {
      const key = `${kind} ${page.digest()}`
      const observe = () => page.items().flatMap((item) => toObserved(kind, item as ShownObject) ?? [])
      pages.set(key, before?.get(key) ?? observe())
    }
  lastPages.set(client, pages)
  return [...pages.values()].flat()
}
