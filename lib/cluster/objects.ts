import { isDeepStrictEqual } from 'node:util'
import type { KubernetesObject, V1DeleteOptions } from '@kubernetes/client-node'
import { normalizeRules, type Rule } from '#lib/access/rule'
import { keyOf, keyText, type Manifest, type ObjectKey, type RoleManifest } from '#lib/grants/manifests'
import { annotations, grantOf, grantsNamespace, labels, managedBy } from '#lib/grants/names'
import type { ObservedObject } from '#lib/grants/strays'
import type { ClusterClient } from './client.ts'
import { ClusterError } from './errors.ts'

/** What was made: who the object is, and the end that its annotation tells whoever looks at the cluster alone. */
export type MadeObject = ObjectKey & { uid: string; createdAt: Date; expiresAt: Date | null }

type Found = KubernetesObject & { rules?: unknown; roleRef?: unknown; subjects?: unknown }

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

/** What the object gives, without what the server adds. */
const essence = (object: Found | Manifest) => {
  const { rules, roleRef, subjects } = object as {
    rules?: RoleManifest['rules']
    roleRef?: unknown
    subjects?: unknown
  }
  const plain: unknown = JSON.parse(JSON.stringify({ roleRef, subjects }))
  return { rules: rules ? normalizeRules(rules.map(plainRule)) : null, ...(plain as object) }
}
const plainRule = ({ apiGroups, resources, verbs, resourceNames }: Partial<Rule>): Rule => ({
  apiGroups: apiGroups ?? [],
  resources: resources ?? [],
  verbs: verbs ?? [],
  resourceNames: resourceNames ?? [],
})

function asMade(key: ObjectKey, found: Found): MadeObject {
  const { uid, creationTimestamp, annotations: notes } = found.metadata ?? {}
  if (!uid) throw new ClusterError('transient', `The cluster gave ${keyText(key)} no uid.`)
  const expiresAt = new Date(notes?.[annotations.expiresAt] ?? Number.NaN)
  return {
    ...key,
    uid,
    createdAt: creationTimestamp ? new Date(creationTimestamp) : new Date(),
    expiresAt: Number.isNaN(expiresAt.getTime()) ? null : expiresAt,
  }
}

/**
 * Makes an object of a grant. When something of that name is there already, it counts as made only if it says that it
 * is this grant's and gives exactly the same: what is not ours is never adopted, nor what somebody changed.
 * @throws ClusterError
 */
export async function createObject(client: ClusterClient, manifest: Manifest): Promise<MadeObject> {
  const key = keyOf(manifest)
  try {
    return asMade(key, await create(client, manifest))
  } catch (error) {
    if (!(error instanceof ClusterError) || error.kind !== 'exists') throw error
  }
  const found = await read(client, key)
  const isOurs = grantOf(found.metadata?.labels) === manifest.metadata.labels[labels.grant]
  if (!isOurs || found.metadata?.deletionTimestamp || !isDeepStrictEqual(essence(found), essence(manifest))) {
    throw new ClusterError('refused', `${keyText(key)} is there already and is not what Postern makes.`, {
      status: 409,
    })
  }
  return asMade(key, found)
}

function remove({ core, rbac }: ClusterClient, { kind, namespace, name }: ObjectKey, uid: string): Promise<unknown> {
  const body: V1DeleteOptions = { preconditions: { uid }, propagationPolicy: 'Background' }
  const removers = {
    ServiceAccount: () => core.deleteNamespacedServiceAccount({ namespace, name, body }),
    Role: () => rbac.deleteNamespacedRole({ namespace, name, body }),
    RoleBinding: () => rbac.deleteNamespacedRoleBinding({ namespace, name, body }),
  }
  return removers[kind]()
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

/** Removes exactly this object, whatever its labels say by now. Success when it is not there. */
export async function deleteExactly(client: ClusterClient, object: ObservedObject): Promise<void> {
  await orMissing(remove(client, object, object.uid))
}

const pageSize = 500
type ListAnswer = { metadata?: { _continue?: string }; items: KubernetesObject[] }
type ListQuery = { labelSelector: string; limit: number; _continue: string | undefined }

/**
 * Everything in the cluster that carries the labels of this Postern, page by page: ServiceAccounts of the grants'
 * namespace, Roles and RoleBindings of every namespace.
 * @param instance see instanceOf()
 * @throws ClusterError
 */
export async function listOurs(client: ClusterClient, instance: string): Promise<ObservedObject[]> {
  const lists: Array<[ObservedObject['kind'], (query: ListQuery) => Promise<ListAnswer>]> = [
    ['RoleBinding', (query) => client.rbac.listRoleBindingForAllNamespaces(query)],
    ['Role', (query) => client.rbac.listRoleForAllNamespaces(query)],
    ['ServiceAccount', (query) => client.core.listNamespacedServiceAccount({ namespace: grantsNamespace, ...query })],
  ]
  const labelSelector = `${labels.managedBy}=${managedBy},${labels.instance}=${instance}`
  const ours: ObservedObject[] = []
  for (const [kind, list] of lists) {
    let page: string | undefined
    do {
      const answer = await list({ labelSelector, limit: pageSize, _continue: page })
      for (const { metadata } of answer.items) {
        const { namespace, name, uid } = metadata ?? {}
        if (namespace && name && uid) ours.push({ kind, namespace, name, uid, labels: metadata?.labels ?? {} })
      }
      page = answer.metadata?._continue || undefined
    } while (page)
  }
  return ours
}
