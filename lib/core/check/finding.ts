// The types of a check: what was found about an object of a manifest.
import { createHash } from 'node:crypto'
import type { Rule } from '#lib/core/access/rule'
import type { Severity } from '#lib/core/access/severity'
import type { Reach } from '#lib/core/guardrails/configured/judge-manifest'
import type { Place } from './source.ts'

export type ObjectName = { kind: string; namespace: string | null; name: string }

/** A finding before `Checker` adds its object, its file and whether it is accepted. */
export type Judged = {
  /** An ID of the risk catalogue, the name of a guardrail, or an ID of the check itself, such as `unknown-role`. */
  id: string
  severity: Severity
  sentence: string
  because: string[]
  outlives: string | null
  /** The findings that this one covers. */
  includes: string[]
  /** The most relevant place first. */
  places: [Place, ...Place[]]
  /** Identifies the finding when lines or files have moved. */
  substance: unknown
}

export type Finding = Omit<Judged, 'substance'> & {
  object: ObjectName
  file: string
  /** The template that it was rendered from, according to a comment of Helm, or else the program that rendered it. */
  template: string | null
  /** Stable while the name of the object and the substance of the finding do not change. */
  fingerprint: string
  /** Why it does not count, if it is accepted. */
  accepted: { by: 'waiver'; until: string; reason: string } | { by: 'baseline' } | null
}

/** Evaluates the guardrails of a policy for the rules of a manifest. */
export type GuardrailJudge = (granted: {
  reach: Reach
  rules: readonly Rule[]
  risks: readonly { id: string; severity: string }[]
  place: Place
}) => Judged[]

export const objectInWords = ({ kind, namespace, name }: ObjectName) =>
  `${kind} ${namespace === null ? '' : `${namespace}/`}${name}`

export const fingerprintOf = (id: string, object: ObjectName, substance: unknown): string =>
  createHash('sha256')
    .update(JSON.stringify([id, object.kind, object.namespace, object.name, substance]))
    .digest('hex')
    .slice(0, 32)
