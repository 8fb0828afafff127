import { isDeepStrictEqual } from 'node:util'
import type { KubernetesObject, V1DeleteOptions } from '@kubernetes/client-node'
import { grantsNamespace } from '#lib/core/access/namespaces'
import { keyOf, keyText, type Manifest, type ObjectKey } from '#lib/core/grants/manifests'
import { grantOf, labels, managedBy } from '#lib/core/grants/names'
import {
  type ClusterObject,
  contentOf,
  expiryOf,
  fingerprintOf,
  type InspectedObject,
  type ObservedObject,
  toObserved,
} from '#lib/core/grants/observed'
import type { ClusterClient } from './client.ts'
import { ClusterError } from './errors.ts'
import { listPages } from './list-pages.ts'
import { withConcurrency } from './with-concurrency.ts'

/** An object as created, with the expiry from its annotation, which the sweep reads when it has no database. */
export type CreatedObject = ObjectKey & { uid: string; createdAt: Date; expiresAt: Date | null; fingerprint: string }

type Found = KubernetesObject & Omit<ClusterObject, 'metadata'>

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

/** The same object in the type of core. The client's own type differs only in dates. */
const rawOf = (found: Found) => found as ClusterObject

function toCreatedObject(key: ObjectKey, found: Found): CreatedObject {
  const { uid, creationTimestamp } = found.metadata ?? {}
  if (!uid) throw new ClusterError('transient', `The cluster returned ${keyText(key)} without a uid.`)
  return {
    ...key,
    uid,
    createdAt: creationTimestamp ? new Date(creationTimestamp) : new Date(),
    expiresAt: expiryOf(rawOf(found)),
    fingerprint: fingerprintOf(rawOf(found)),
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
 * Creates an object of a grant. If an object of that name already exists, it is accepted only if its label names this
 * grant and it allows exactly the same: a foreign or modified object is never adopted.
 * @throws ClusterError
 */
export async function createObject(client: ClusterClient, manifest: Manifest): Promise<CreatedObject> {
  const key = keyOf(manifest)
  const created = await orExisting(create(client, manifest))
  if (created) {
    if (isDeepStrictEqual(contentOf(rawOf(created)), contentOf(manifest))) return toCreatedObject(key, created)
    const sentence = `The cluster changed ${keyText(key)} on creation. Check its mutating admission webhooks.`
    throw new ClusterError('refused', sentence, { status: 422 })
  }
  const found = await read(client, key)
  const isOurs = grantOf(found.metadata?.labels) === manifest.metadata.labels[labels.grant]
  if (
    !isOurs ||
    found.metadata?.deletionTimestamp ||
    !isDeepStrictEqual(contentOf(rawOf(found)), contentOf(manifest))
  ) {
    const sentence = `${keyText(key)} already exists and is not an object of this grant. Delete it, then try again.`
    throw new ClusterError('refused', sentence, { status: 409 })
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
    // Deleting a namespace also deletes Postern's rights in it. Reading is allowed everywhere, and tells if anything is
    // left.
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
 * Deletes an object of a grant; succeeds if it does not exist. With a uid it deletes exactly that object. Without one
 * (its creation was never confirmed), or if another object now has the name, it deletes that only if its label names
 * this grant.
 * @returns the uid of the deleted object; null if there was none
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
 * Deletes exactly this object, whatever its labels are by now. Succeeds if it does not exist, or if another object has
 * its name.
 * @returns whether this call deleted it
 * @throws ClusterError
 */
export async function deleteExactly(client: ClusterClient, object: ObjectKey & { uid: string }): Promise<boolean> {
  return (await orExisting(orMissing(remove(client, object, object.uid)))) !== undefined
}

/** The objects that exist under these names, whoever created them. Consistent reads; missing objects are left out. */
export async function readObjects(client: ClusterClient, keys: readonly ObjectKey[]): Promise<InspectedObject[]> {
  const found = await withConcurrency(8, keys, async (key) => {
    const object = await orMissing(read(client, key))
    const observed = object && toObserved(key.kind, rawOf(object))
    return observed ? { ...observed, raw: rawOf(object) } : []
  })
  return found.flat()
}

/**
 * Objects per page. A page of Roles is about 2.5 MB, so memory use stays small, and 10,000 grants with three objects
 * each are 15 calls.
 */
const pageSize = 2000

const rbac = '/apis/rbac.authorization.k8s.io/v1'
const lists: ReadonlyArray<[kind: ObservedObject['kind'], path: string]> = [
  ['RoleBinding', `${rbac}/rolebindings`],
  ['Role', `${rbac}/roles`],
  ['ServiceAccount', `/api/v1/namespaces/${grantsNamespace}/serviceaccounts`],
]

/** The parsed pages of the last list of each cluster. Most pages are identical at the next list. */
type ParsedPages = Map<string, readonly ObservedObject[]>
const lastPages = new WeakMap<ClusterClient, ParsedPages>()

/**
 * Everything in the cluster with the labels of this Postern instance: ServiceAccounts in the grants' namespace, Roles
 * and RoleBindings in every namespace. Consistent: without a resource version the API server returns the state at the
 * time of the call, and all pages show that state.
 * @param instance see instanceOf()
 * @throws ClusterError
 */
export async function listOurs(client: ClusterClient, instance: string): Promise<ObservedObject[]> {
  const labelSelector = `${labels.managedBy}=${managedBy},${labels.instance}=${instance}`
  const before = lastPages.get(client)
  const pages: ParsedPages = new Map()
  for (const [kind, path] of lists)
    for await (const page of listPages(client, path, { labelSelector, limit: pageSize })) {
      const key = `${kind} ${page.digest()}`
      const observe = () => page.items().flatMap((item) => toObserved(kind, item as ClusterObject) ?? [])
      pages.set(key, before?.get(key) ?? observe())
    }
  lastPages.set(client, pages)
  return [...pages.values()].flat()
}
