// Is a live grant in the cluster what was approved? And if not, how is it put right without ever giving more than that?
import { isDeepStrictEqual } from 'node:util'
import type { FindingKind } from '#lib/core/access/finding'
import { keyOf, keyText, type Manifest, type ObjectKey } from './manifests.ts'
import { grantOf } from './names.ts'
import { essenceOf, type InspectedObject } from './observed.ts'
import type { RecordedObject } from './plan.ts'

export type Fault = { kind: FindingKind; object: ObjectKey & { uid: string | null }; sentence: string }

/** An object to be removed: exactly this one, by its uid. */
export type Removal = ObjectKey & { uid: string }

export type Repair =
  /** Everything is as it was made. */
  | { do: 'nothing' }
  /** It cannot be put right: access has to end. */
  | { do: 'end'; faults: Fault[]; sentence: string }
  /**
   * In this order: remove these bindings, then these others; make what is missing, then bind it. Nothing is bound while
   * anything it rests on is not as it was approved, so access is narrower for a moment and never wider.
   */
  | { do: 'repair'; faults: Fault[]; unbind: Removal[]; remove: Removal[]; make: Manifest[]; bind: Manifest[] }

function whatChanged(manifest: Manifest, found: InspectedObject): string {
  if (found.isLeaving) return 'is being deleted, and something holds it'
  const [is, was] = [essenceOf(found.shown), essenceOf(manifest)]
  if (!isDeepStrictEqual(is.rules, was.rules)) return 'has other rules'
  if (!isDeepStrictEqual(is.subjects, was.subjects)) return 'is for other subjects'
  if (!isDeepStrictEqual(is.roleRef, was.roleRef)) return 'refers to another role'
  if (!isDeepStrictEqual(is, was)) return 'has other settings'
  const isLabelled = Object.entries(manifest.metadata.labels).every(([key, value]) => found.labels[key] === value)
  return isLabelled ? 'has other annotations' : 'has other labels'
}

function faultOf(
  manifest: Manifest,
  recorded: RecordedObject | undefined,
  found: InspectedObject | undefined,
): Fault | undefined {
  const key = keyOf(manifest)
  const text = keyText(key)
  if (!found) {
    return { kind: 'object-missing', object: { ...key, uid: recorded?.uid ?? null }, sentence: `${text} was removed.` }
  }
  const object = { ...key, uid: found.uid }
  if (found.uid !== recorded?.uid) {
    const isLabelled = found.grantId === grantOf(manifest.metadata.labels)
    return isLabelled
      ? { kind: 'object-replaced', object, sentence: `${text} is not the one that Postern has on record as made.` }
      : { kind: 'object-foreign', object, sentence: `${text} is somebody else’s object under the grant’s name.` }
  }
  const isSame =
    !found.isLeaving &&
    isDeepStrictEqual(essenceOf(found.shown), essenceOf(manifest)) &&
    (recorded.fingerprint == null || recorded.fingerprint === found.fingerprint)
  return isSame ? undefined : { kind: 'object-changed', object, sentence: `${text} ${whatChanged(manifest, found)}.` }
}

/** The objects that are not as they were approved and made. */
export function findFaults(
  manifests: readonly Manifest[],
  recorded: readonly RecordedObject[],
  seen: readonly InspectedObject[],
): Fault[] {
  const known = new Map(recorded.map((object) => [keyText(object), object]))
  const found = new Map(seen.map((object) => [keyText(object), object]))
  return manifests.flatMap((manifest) => {
    const key = keyText(keyOf(manifest))
    return faultOf(manifest, known.get(key), found.get(key)) ?? []
  })
}

/** How a live grant is put right. There is no update: what is wrong is removed and made anew. */
export function planRepair(
  manifests: readonly Manifest[],
  recorded: readonly RecordedObject[],
  seen: readonly InspectedObject[],
): Repair {
  const faults = findFaults(manifests, recorded, seen)
  if (faults.length === 0) return { do: 'nothing' }
  const hopeless = faults.filter(({ kind, object }) => {
    const found = seen.find((one) => keyText(one) === keyText(object))
    return kind === 'object-foreign' || found?.isLeaving
  })
  if (hopeless.length > 0) return { do: 'end', faults, sentence: hopeless.map(({ sentence }) => sentence).join(' ') }
  const wrong = new Set(faults.map(({ object }) => keyText(object)))
  const isAccountWrong = faults.some(({ object }) => object.kind === 'ServiceAccount')
  const loose = new Set(faults.map(({ object }) => object.namespace))
  /** A binding is made anew when it is wrong itself, or when what it gives, or whom it gives it to, is. */
  const isToBeBound = ({ kind, namespace }: ObjectKey) =>
    kind === 'RoleBinding' && (isAccountWrong || loose.has(namespace))
  const isToBeMade = (key: ObjectKey) => key.kind !== 'RoleBinding' && wrong.has(keyText(key))
  return {
    do: 'repair',
    faults,
    unbind: seen.filter(isToBeBound),
    remove: seen.filter(isToBeMade),
    make: manifests.filter((manifest) => isToBeMade(keyOf(manifest))),
    bind: manifests.filter((manifest) => isToBeBound(keyOf(manifest))),
  }
}
