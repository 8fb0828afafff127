// What does an object in a cluster give, and is it as Postern made it?
import { hash } from 'node:crypto'
import { normalizeRules, type Rule } from '#lib/core/access/rule'
import type { ObjectKey } from './manifests.ts'
import { annotations, grantOf, labels } from './names.ts'

/** The parts of an object of ours that matter, as the cluster shows them. */
export type ShownObject = {
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
 * What is known of an object after a look at the cluster. Nothing else of what the cluster sent is kept: a sweep holds
 * tens of thousands of these, and most of each object is the server's own notes.
 */
export type ObservedObject = ObjectKey & {
  uid: string
  labels: Record<string, string>
  /** Which grant its labels say that it belongs to; null where they name none. */
  grantId: string | null
  /** When its own annotation says that it is over; null where it says nothing that can be read. */
  expiresAt: Date | null
  /** Somebody deletes it, and a finalizer keeps it. */
  isLeaving: boolean
  /** See fingerprintOf(). */
  fingerprint: string
}

/** The same with all that the cluster shows of it, for essenceOf(). */
export type InspectedObject = ObservedObject & { shown: ShownObject }

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
 * What an object gives and what holds it, without what the server adds: two objects with the same essence give the same.
 * A finalizer is part of it: it would keep a ServiceAccount's tokens alive after the end.
 */
export function essenceOf(object: ShownObject) {
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
 * One text for everything about an object that is Postern's to say: what it gives, and its labels and annotations. What
 * others add beside that (labels of other tools) does not count. Kept with the grant when the object was made, so that
 * any change shows without knowing what it was made from.
 */
export function fingerprintOf({ metadata = {}, ...object }: ShownObject): string {
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

/** When an object's own annotation says that it is over; null where it says nothing that can be read. */
export function endOf({ metadata }: ShownObject): Date | null {
  const end = new Date(metadata?.annotations?.[annotations.expiresAt] ?? Number.NaN)
  return Number.isNaN(end.getTime()) ? null : end
}

/** An object as the cluster shows it, or undefined where that has no name or uid. */
export function toObserved(kind: ObservedObject['kind'], shown: ShownObject): ObservedObject | undefined {
  const { namespace, name, uid, labels: found = {}, deletionTimestamp } = shown.metadata ?? {}
  if (!namespace || !name || !uid) return undefined
  const isLeaving = deletionTimestamp !== undefined && deletionTimestamp !== null
  return {
    ...{ kind, namespace, name, uid, labels: found, isLeaving },
    grantId: grantOf(found) ?? null,
    expiresAt: endOf(shown),
    fingerprint: fingerprintOf(shown),
  }
}
