// The words of a check: what was found wrong with an object of a manifest.
import { createHash } from 'node:crypto'
import type { Rule } from '#lib/core/access/rule'
import type { Severity } from '#lib/core/access/severity'
import type { Reach } from '#lib/core/guardrails/configured/judge-manifest'
import type { Place } from './source.ts'

export type ObjectName = { kind: string; namespace: string | null; name: string }

/** What the judges say; `Checker` adds where it stands and what was agreed about it. */
export type Judged = {
  /** Of the risk catalogue, a guardrail's name, or one of `checkIds`. */
  id: string
  severity: Severity
  sentence: string
  because: string[]
  outlives: string | null
  /** Findings that this one says already. */
  includes: string[]
  /** The plainest place first. */
  places: [Place, ...Place[]]
  /** What makes it the same finding although lines and files have moved. */
  substance: unknown
}

export type Finding = Omit<Judged, 'substance'> & {
  object: ObjectName
  file: string
  /** The template that it was made from, as Helm says it in a comment. */
  template: string | null
  /** Stays while the object has this name and what is wrong with it stays the same. */
  fingerprint: string
  /** Why it does not count, where somebody decided so. */
  accepted: { by: 'waiver'; until: string; reason: string } | { by: 'baseline' } | null
}

/** What the guardrails of a policy say about rules that a manifest gives. */
export type GuardrailJudge = (given: {
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
