import { isDeepStrictEqual } from 'node:util'
import type { KubernetesObject } from '@kubernetes/client-node'
import { grantsNamespace } from '#lib/core/access/namespaces'
import { keyOf, keyText, type Manifest, type ObjectKey, type ObjectKind } from '#lib/core/grants/manifests'
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
import { ClusterError, shownText } from './errors.ts'
import { listPages } from './list-pages.ts'
import { parseJson } from './parse-json.ts'
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

const rbacPath = '/apis/rbac.authorization.k8s.io/v1'
const collections: Record<ObjectKind, (namespace: string) => string> = {
  ServiceAccount: (namespace) => `/api/v1/namespaces/${namespace}/serviceaccounts`,
  Role: (namespace) => `${rbacPath}/namespaces/${namespace}/roles`,
  RoleBinding: (namespace) => `${rbacPath}/namespaces/${namespace}/rolebindings`,
}

/** The most finalizers that a sentence names. */
const mostNamed = 3

/** The error for an object that was deleted and is still there. */
function heldError(key: ObjectKey, { finalizers = [] }: NonNullable<ClusterObject['metadata']>): ClusterError {
  const names = finalizers.slice(0, mostNamed).map((name) => shownText(String(name)).slice(0, 253))
  const more = finalizers.length > mostNamed ? ` and ${finalizers.length - mostNamed} more` : ''
  const which =
    finalizers.length === 1 ? `the finalizer ${names[0]} keeps` : `the finalizers ${names.join(', ')}${more} keep`
  const what = finalizers.length === 0 ? 'the cluster still has' : which
  return new ClusterError('held', `${keyText(key)} was deleted, but ${what} it.`)
}

/**
 * Deletes exactly the object with this uid.
 * @throws ClusterError `missing`, `exists` if another object has the name, `held` if finalizers keep the object
 */
async function remove(client: ClusterClient, key: ObjectKey, uid: string): Promise<void> {
  const path = `${collections[key.kind](encodeURIComponent(key.namespace))}/${encodeURIComponent(key.name)}`
  let answer: unknown
  try {
    answer = parseJson(await client.delete(path, { preconditions: { uid }, propagationPolicy: 'Background' }))
  } catch (error) {
    // Deleting a namespace also deletes Postern's rights in it. Reading is allowed everywhere, and tells if anything is
    // left.
    if (error instanceof ClusterError && error.status === 403) await read(client, key)
    throw error
  }
  // The answer is a Status, or the object. An object that stays has the time of its deletion.
  const { metadata } = (answer ?? {}) as ClusterObject
  if (metadata?.deletionTimestamp) throw heldError(key, metadata)
}

const orMissing = async <T>(call: Promise<T>): Promise<T | undefined> => {
  try {
    return await call
  } catch (error) {
    if (error instanceof ClusterError && error.kind === 'missing') return undefined
    throw error
  }
}

/** Whether the object existed and is deleted now. */
const isRemoved = async (removal: Promise<void>): Promise<boolean> =>
  (await orMissing(removal.then(() => true))) ?? false

/**
 * Deletes an object of a grant; succeeds if it does not exist. With a uid it deletes exactly that object. Without one
 * (its creation was never confirmed), or if another object now has the name, it deletes that only if its label names
 * this grant.
 * @returns the uid of the deleted object; null if the cluster has no such object
 * @throws ClusterError `held` if finalizers keep it
 */
export async function deleteObject(
  client: ClusterClient,
  key: ObjectKey,
  grantId: string,
  uid: string | null,
): Promise<string | null> {
  if (uid) {
    try {
      return (await isRemoved(remove(client, key, uid))) ? uid : null
    } catch (error) {
      if (!(error instanceof ClusterError) || error.kind !== 'exists') throw error
    }
  }
  const found = await orMissing(read(client, key))
  if (!found?.metadata?.uid || grantOf(found.metadata.labels) !== grantId) return null
  return (await isRemoved(remove(client, key, found.metadata.uid))) ? found.metadata.uid : null
}

/**
 * Confirms by a consistent read that the cluster no longer has this object of a grant: neither the one with this uid,
 * nor another one whose label names the grant.
 * @throws ClusterError if it has
 */
export async function confirmGone(client: ClusterClient, key: ObjectKey, grantId: string, uid: string): Promise<void> {
  const metadata = (await orMissing(read(client, key)))?.metadata as ClusterObject['metadata']
  if (!metadata || (metadata.uid !== uid && grantOf(metadata.labels) !== grantId)) return
  if (metadata.uid === uid || metadata.deletionTimestamp) throw heldError(key, metadata)
  throw new ClusterError('transient', `${keyText(key)} was deleted and has been created again.`)
}

/**
 * Deletes exactly this object, whatever its labels are by now. Succeeds if it does not exist, or if another object has
 * its name.
 * @returns whether this call deleted it
 * @throws ClusterError `held` if finalizers keep it
 */
export const deleteExactly = async (client: ClusterClient, object: ObjectKey & { uid: string }): Promise<boolean> =>
  (await orExisting(isRemoved(remove(client, object, object.uid)))) ?? false

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

const lists: ReadonlyArray<[kind: ObjectKind, path: string]> = [
  ['RoleBinding', `${rbacPath}/rolebindings`],
  ['Role', `${rbacPath}/roles`],
  ['ServiceAccount', collections.ServiceAccount(grantsNamespace)],
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
