// Objects as observed in a cluster, reduced to the parts by which Postern recognizes and compares them.
import { hash } from 'node:crypto'
import { normalizeRules, type Rule } from '#lib/core/access/rule'
import type { ObjectKey } from './manifests.ts'
import { annotations, grantOf, labels } from './names.ts'

/** The relevant parts of an object, as the API server returns them. */
export type ClusterObject = {
  metadata?: {
    namespace?: string
    name?: string
    uid?: string
    labels?: Record<string, string>
    annotations?: Record<string, string>
    finalizers?: unknown[]
    ownerReferences?: unknown[]
    deletionTimestamp?: unknown
  }
  rules?: unknown
  roleRef?: unknown
  subjects?: unknown
  automountServiceAccountToken?: unknown
}

/**
 * A summary of an object in the cluster. The rest is dropped, because a sweep keeps tens of thousands of these in
 * memory and most of an object is metadata of the API server.
 */
export type ObservedObject = ObjectKey & {
  uid: string
  labels: Record<string, string>
  /** The grant that its labels name, or null. */
  grantId: string | null
  /** The time in its expires-at annotation; null if that is missing or not a time. */
  expiresAt: Date | null
  /** It was deleted, but a finalizer keeps it. */
  isTerminating: boolean
  /** See fingerprintOf(). */
  fingerprint: string
}

/** An observed object with its content, for contentOf(). */
export type InspectedObject = ObservedObject & { raw: ClusterObject }

const plainRule = ({ apiGroups, resources, verbs, resourceNames }: Partial<Rule>): Rule => ({
  apiGroups: apiGroups ?? [],
  resources: resources ?? [],
  verbs: verbs ?? [],
  resourceNames: resourceNames ?? [],
})

type Ref = { apiGroup?: string; kind?: string; name?: string; namespace?: string }
const plainRef = ({ apiGroup, kind, name, namespace }: Ref) => [apiGroup ?? '', kind ?? '', name ?? '', namespace ?? '']

const lists = (value: unknown) => (Array.isArray(value) ? (value as unknown[]) : [])

/**
 * The part of an object that decides which access it grants, without defaults that the API server adds. Finalizers and
 * owner references count: a finalizer would keep a ServiceAccount's tokens valid after the access has ended.
 */
export function contentOf(object: ClusterObject) {
  const { rules, roleRef, subjects, automountServiceAccountToken, metadata = {} } = object
  return {
    rules: rules ? normalizeRules(lists(rules).map((rule) => plainRule(rule as Partial<Rule>))) : null,
    roleRef: roleRef ? plainRef(roleRef as Ref) : null,
    subjects: subjects ? lists(subjects).map((subject) => plainRef({ apiGroup: '', ...(subject as Ref) })) : null,
    automount: automountServiceAccountToken ?? null,
    held: lists(metadata.finalizers).length + lists(metadata.ownerReferences).length,
  }
}

const ourLabels = Object.values(labels)
const ourAnnotations = Object.values(annotations)

/**
 * A hash of everything in an object that Postern sets: its content, Postern's labels and Postern's annotations. Labels
 * of other tools do not count. It is stored when the object is created, so that the sweep detects any change without
 * computing the manifest again.
 */
export function fingerprintOf({ metadata = {}, ...object }: ClusterObject): string {
  const text = JSON.stringify([
    ourLabels.map((key) => metadata.labels?.[key] ?? null),
    ourAnnotations.map((key) => metadata.annotations?.[key] ?? null),
    object.rules ? lists(object.rules).map((rule) => Object.values(plainRule(rule as Partial<Rule>))) : null,
    object.roleRef ? plainRef(object.roleRef as Ref) : null,
    object.subjects ? lists(object.subjects).map((subject) => plainRef({ apiGroup: '', ...(subject as Ref) })) : null,
    object.automountServiceAccountToken ?? null,
    lists(metadata.finalizers).length + lists(metadata.ownerReferences).length,
  ])
  return hash('sha256', text, 'base64url')
}

/** The time in an object's expires-at annotation; null if that is missing or not a time. */
export function expiryOf({ metadata }: ClusterObject): Date | null {
  const end = new Date(metadata?.annotations?.[annotations.expiresAt] ?? Number.NaN)
  return Number.isNaN(end.getTime()) ? null : end
}

/** Summarizes an object; undefined if it has no name or uid. */
export function toObserved(kind: ObservedObject['kind'], object: ClusterObject): ObservedObject | undefined {
  const { namespace, name, uid, labels: found = {}, deletionTimestamp } = object.metadata ?? {}
  if (!namespace || !name || !uid) return undefined
  const isTerminating = deletionTimestamp !== undefined && deletionTimestamp !== null
  return {
    ...{ kind, namespace, name, uid, labels: found, isTerminating },
    grantId: grantOf(found) ?? null,
    expiresAt: expiryOf(object),
    fingerprint: fingerprintOf(object),
  }
}
