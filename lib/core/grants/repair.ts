// Are a grant's objects in the cluster as they were approved? If not, how are they repaired without widening the
// access?
import { isDeepStrictEqual } from 'node:util'
import type { FindingKind } from '#lib/core/access/finding'
import { keyOf, keyText, type Manifest, type ObjectKey } from './manifests.ts'
import { grantOf } from './names.ts'
import { contentOf, type InspectedObject } from './observed.ts'
import type { RecordedObject } from './plan.ts'

export type Fault = { kind: FindingKind; object: ObjectKey & { uid: string | null }; sentence: string }

/** An object to delete: exactly the one with this uid. */
export type Removal = ObjectKey & { uid: string }

export type Repair =
  /** Every object is as it was created. */
  | { do: 'nothing' }
  /** The objects cannot be repaired: the access has to end. */
  | { do: 'end'; faults: Fault[]; sentence: string }
  /**
   * In this order: delete the bindings in `unbind`, delete `remove`, create `create`, create the bindings in `bind`. A
   * binding never exists while the objects that it refers to differ from the approved ones, so the access is narrower
   * for a moment and never wider.
   */
  | { do: 'repair'; faults: Fault[]; unbind: Removal[]; remove: Removal[]; create: Manifest[]; bind: Manifest[] }

function whatChanged(manifest: Manifest, found: InspectedObject): string {
  if (found.isTerminating) return 'is being deleted, but a finalizer keeps it'
  const [actual, approved] = [contentOf(found.raw), contentOf(manifest)]
  if (!isDeepStrictEqual(actual.rules, approved.rules)) return 'has different rules'
  if (!isDeepStrictEqual(actual.subjects, approved.subjects)) return 'has different subjects'
  if (!isDeepStrictEqual(actual.roleRef, approved.roleRef)) return 'refers to a different role'
  if (!isDeepStrictEqual(actual, approved)) return 'has different settings'
  const isLabelled = Object.entries(manifest.metadata.labels).every(([key, value]) => found.labels[key] === value)
  return isLabelled ? 'has different annotations' : 'has different labels'
}

function faultOf(
  manifest: Manifest,
  recorded: RecordedObject | undefined,
  found: InspectedObject | undefined,
): Fault | undefined {
  const key = keyOf(manifest)
  const text = keyText(key)
  if (!found) {
    return { kind: 'object-missing', object: { ...key, uid: recorded?.uid ?? null }, sentence: `${text} was deleted.` }
  }
  const object = { ...key, uid: found.uid }
  if (found.uid !== recorded?.uid) {
    const isLabelled = found.grantId === grantOf(manifest.metadata.labels)
    return isLabelled
      ? { kind: 'object-replaced', object, sentence: `${text} is not the object that Postern created.` }
      : { kind: 'object-foreign', object, sentence: `${text} is someone else’s object with the grant’s name.` }
  }
  const isUnchanged =
    !found.isTerminating &&
    isDeepStrictEqual(contentOf(found.raw), contentOf(manifest)) &&
    (recorded.fingerprint == null || recorded.fingerprint === found.fingerprint)
  return isUnchanged
    ? undefined
    : { kind: 'object-changed', object, sentence: `${text} ${whatChanged(manifest, found)}.` }
}

/** The objects that differ from those that were approved and created. */
export function findFaults(
  manifests: readonly Manifest[],
  recorded: readonly RecordedObject[],
  observed: readonly InspectedObject[],
): Fault[] {
  const recordedByKey = new Map(recorded.map((object) => [keyText(object), object]))
  const observedByKey = new Map(observed.map((object) => [keyText(object), object]))
  return manifests.flatMap((manifest) => {
    const key = keyText(keyOf(manifest))
    return faultOf(manifest, recordedByKey.get(key), observedByKey.get(key)) ?? []
  })
}

/**
 * Objects are never updated: a faulty one is deleted and created again. An object of someone else, or one that a
 * finalizer keeps, is neither adopted nor deleted; the access ends instead.
 */
export function planRepair(
  manifests: readonly Manifest[],
  recorded: readonly RecordedObject[],
  observed: readonly InspectedObject[],
): Repair {
  const faults = findFaults(manifests, recorded, observed)
  if (faults.length === 0) return { do: 'nothing' }
  const unrepairable = faults.filter(({ kind, object }) => {
    const found = observed.find((one) => keyText(one) === keyText(object))
    return kind === 'object-foreign' || found?.isTerminating
  })
  if (unrepairable.length > 0)
    return { do: 'end', faults, sentence: unrepairable.map(({ sentence }) => sentence).join(' ') }
  const faulty = new Set(faults.map(({ object }) => keyText(object)))
  const isAccountFaulty = faults.some(({ object }) => object.kind === 'ServiceAccount')
  const faultyNamespaces = new Set(faults.map(({ object }) => object.namespace))
  /** A binding is created again if it is faulty itself, or if its Role or its ServiceAccount is. */
  const isRebound = ({ kind, namespace }: ObjectKey) =>
    kind === 'RoleBinding' && (isAccountFaulty || faultyNamespaces.has(namespace))
  const isRecreated = (key: ObjectKey) => key.kind !== 'RoleBinding' && faulty.has(keyText(key))
  return {
    do: 'repair',
    faults,
    unbind: observed.filter(isRebound),
    remove: observed.filter(isRecreated),
    create: manifests.filter((manifest) => isRecreated(keyOf(manifest))),
    bind: manifests.filter((manifest) => isRebound(keyOf(manifest))),
  }
}
