// Are the admission policies in a cluster those of the configuration?
import { isDeepStrictEqual } from 'node:util'
import type { AdmissionState, admissionDrifts } from '#lib/core/access/admission-state'
import { contentHash } from '#lib/core/access/content-hash'
import { type AdmissionObject, contentAnnotation } from './policy.ts'

/** A policy or binding as the API server returns it. */
export type InstalledObject = {
  kind: AdmissionObject['kind']
  metadata: { name: string; annotations?: Record<string, string> | undefined }
  spec: object
}

/** `older`: as an earlier configuration or version rendered it. `changed`: edited by hand. `extra`: no longer rendered. */
export type AdmissionDrift = {
  kind: AdmissionObject['kind']
  name: string
  drift: (typeof admissionDrifts)[number]
}

const keyOf = ({ kind, metadata }: Pick<InstalledObject, 'kind' | 'metadata'>) => `${kind} ${metadata.name}`

/** JSON has no order of keys and no undefined values. */
const plain = (value: object): unknown => JSON.parse(JSON.stringify(value))

/** How the installed objects differ from the rendered ones; empty if they are the same. */
export function admissionDrift(
  rendered: readonly AdmissionObject[],
  installed: readonly InstalledObject[],
): AdmissionDrift[] {
  const found = new Map(installed.map((object) => [keyOf(object), object]))
  const wanted = new Set(rendered.map(keyOf))
  const driftOf = (object: AdmissionObject): AdmissionDrift['drift'] | null => {
    const actual = found.get(keyOf(object))
    if (!actual) return 'missing'
    if (isDeepStrictEqual(plain(actual.spec), plain(object.spec))) return null
    return actual.metadata.annotations?.[contentAnnotation] === contentHash(actual.spec) ? 'older' : 'changed'
  }
  return [
    ...rendered.flatMap((object) => {
      const drift = driftOf(object)
      return drift ? [{ kind: object.kind, name: object.metadata.name, drift }] : []
    }),
    ...installed.flatMap((object) =>
      wanted.has(keyOf(object)) ? [] : [{ kind: object.kind, name: object.metadata.name, drift: 'extra' as const }],
    ),
  ]
}

/** Summarizes the differences. A single missing policy was deleted by hand; if all are missing, none was ever installed. */
export function admissionStateOf(
  rendered: readonly AdmissionObject[],
  installed: readonly InstalledObject[],
): AdmissionState {
  const differences = admissionDrift(rendered, installed)
  const has = (...drifts: AdmissionDrift['drift'][]) => differences.some(({ drift }) => drifts.includes(drift))
  if (differences.length === 0) return { status: 'installed', differences }
  if (installed.length === 0) return { status: 'missing', differences }
  if (has('changed') || (has('missing') && !has('older'))) return { status: 'changed', differences }
  return { status: 'older', differences }
}
