import { z } from 'zod'
import { differenceResource } from './difference.ts'
import { ruleSchema } from './rule.ts'

// What a judgement saw besides what was asked for, and what nobody can look up afterwards: groups change, namespaces get
// other labels, the catalogue of risks grows. Kept with the verdict so that another policy can be held against it later.
// An allow-list: what is not named here is not kept.

const text = z.string().max(4000)
const labels = z.record(text, text)

export const recordedFacts = z.strictObject({
  requester: z.strictObject({ groups: z.array(text), email: text.nullable() }),
  clusterLabels: labels,
  /** Had the namespaces of the cluster ever been seen? */
  namespacesObserved: z.boolean(),
  /** Those that were asked for, as written. Labels null: not seen, or no such namespace. */
  namespaces: z.array(z.strictObject({ name: text, labels: labels.nullable() })),
  /** What the ClusterRole allowed that the entitlement names; null where it names none, or it was not seen. */
  clusterRoleRules: z.array(ruleSchema).nullable(),
  /** Null where the rules were not known. `because` is absent in what was recorded before it was kept. */
  risks: z.array(z.strictObject({ id: text, severity: text, because: z.array(text).optional() })).nullable(),
})
export type RecordedFacts = z.infer<typeof recordedFacts>

/** An ask that was refused, as it was written, for the record. */
export const refusedSubmission = z.strictObject({
  rules: z.array(ruleSchema).nullable(),
  durationSeconds: z.number(),
  reason: text,
  ticket: text.nullable(),
  startsAt: text.nullable(),
  facts: recordedFacts,
  /** What of it was new to the requester; absent where nobody looked. */
  difference: differenceResource.optional(),
})
export type RefusedSubmission = z.infer<typeof refusedSubmission>

/** Characters of JSON. A refusal that would take more is recorded without what was asked: anybody may ask for anything. */
const mostOfARefusal = 16_384

/** The ask where it is small enough to be recorded with its refusal; undefined where it is not. */
export const recordable = (asked: RefusedSubmission): RefusedSubmission | undefined =>
  JSON.stringify(asked).length <= mostOfARefusal ? asked : undefined
