import { z } from 'zod'
import type { Origin } from './actor.ts'
import { differenceResource } from './difference.ts'
import { mostPods, podFacts } from './pod-facts.ts'
import { ruleSchema } from './rule.ts'

// The facts that a verdict was based on, apart from the submission itself. They change (groups, labels, the risk
// catalogue), so they are stored with the verdict, and another policy can later be tried on the same facts. The schemas
// are allow-lists: a field that is not named here is not stored.

const text = z.string().max(4000)
const labels = z.record(text, text)

/**
 * The pages; a token that was issued to the client of `postern login`; any other bearer token; a program that says that
 * it acts for the person. NB: a program that does not say so is one of the others.
 */
export const submittedVia = ['browser', 'terminal', 'api', 'agent'] as const
export type SubmittedVia = (typeof submittedVia)[number]

/** When one person submitted other requests for the same entitlement, and when such requests were approved. */
export type RequesterHistory = {
  requests: readonly Date[]
  grants: readonly Date[]
  /** From when to when such access was held; absent in older records. */
  held?: ReadonlyArray<{ from: Date; to: Date }>
}

const times = z.array(z.iso.datetime()).max(50)

export const recordedFacts = z.strictObject({
  /** Absent in older records. */
  via: z.enum(submittedVia).optional(),
  /** Absent if no guardrail of the policy needed it. */
  history: z
    .strictObject({
      ...{ requests: times, grants: times },
      held: z
        .array(z.strictObject({ from: z.iso.datetime(), to: z.iso.datetime() }))
        .max(50)
        .optional(),
    })
    .optional(),
  /** When the access that it extends began; absent if it extends none. */
  heldSince: z.iso.datetime().optional(),
  /** Those that the rules lead into. Absent if no guardrail of the policy needed them, or if they were unknown. */
  pods: z.array(podFacts).max(mostPods).optional(),
  requester: z.strictObject({ groups: z.array(text), email: text.nullable() }),
  clusterLabels: labels,
  /** False if the worker had never read the namespaces of the cluster. */
  namespacesObserved: z.boolean(),
  /** The requested namespaces, as written. `labels` is null if the namespace does not exist or was never read. */
  namespaces: z.array(z.strictObject({ name: text, labels: labels.nullable() })),
  /** The rules of the entitlement's ClusterRole; null if it names none, or if the ClusterRole was never read. */
  clusterRoleRules: z.array(ruleSchema).nullable(),
  /** Null if the rules were not known. */
  risks: z.array(z.strictObject({ id: text, severity: text, because: z.array(text).optional() })).nullable(),
})
export type RecordedFacts = z.infer<typeof recordedFacts>

/** How a person submits; null for Postern itself. @param agent the program that says that it acts for the person */
export function viaOfSubmission({ via, isTerminal }: Origin, agent: string | null | undefined): SubmittedVia | null {
  if (via === 'system') return null
  if (agent) return 'agent'
  return isTerminal ? 'terminal' : via
}

/** Where a request came from, by its stored facts; null if they do not say. */
export function viaOf(facts: unknown): SubmittedVia | null {
  const via = typeof facts === 'object' && facts !== null && 'via' in facts ? facts.via : null
  return submittedVia.find((known) => known === via) ?? null
}

/** A refused submission, as written, for the audit event of the refusal. */
export const refusedSubmission = z.strictObject({
  rules: z.array(ruleSchema).nullable(),
  durationSeconds: z.number(),
  reason: text,
  ticket: text.nullable(),
  startsAt: text.nullable(),
  facts: recordedFacts,
  /** What the rules would have added to the requester's access; absent if it was not computed. */
  difference: differenceResource.optional(),
})
export type RefusedSubmission = z.infer<typeof refusedSubmission>

/** Characters of JSON. Anyone may submit anything, so a larger refused submission is not recorded. */
const maxRecordedLength = 16_384

const isSmall = (submission: RefusedSubmission) => JSON.stringify(submission).length <= maxRecordedLength

/** The submission if it is small enough to be recorded with its refusal, if need be without pods; otherwise undefined. */
export function recordable(submission: RefusedSubmission): RefusedSubmission | undefined {
  if (isSmall(submission)) return submission
  const { pods: _, ...facts } = submission.facts
  return isSmall({ ...submission, facts }) ? { ...submission, facts } : undefined
}
