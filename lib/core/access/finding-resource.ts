import { z } from 'zod'
import { findingKinds, findingOutcomes } from './finding.ts'
import { time } from './resource-fields.ts'

/** An object in a cluster that differs from what Postern created, or that Postern did not create. */
export const findingResource = z
  .strictObject({
    id: z.string(),
    kind: z.enum(findingKinds),
    object: z.strictObject({ kind: z.string(), namespace: z.string(), name: z.string(), uid: z.string().nullable() }),
    sentence: z.string(),
    times: z.int().meta({ description: 'How often it was observed.' }),
    firstSeenAt: time,
    lastSeenAt: time,
    resolvedAt: time.nullable(),
    outcome: z.enum(findingOutcomes).nullable().meta({ description: 'How it was resolved; null while it is open.' }),
  })
  .meta({ id: 'Finding' })
export type FindingResource = z.infer<typeof findingResource>
