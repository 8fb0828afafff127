import { z } from 'zod'
import { findingKinds, findingOutcomes } from './finding.ts'
import { time } from './resource-fields.ts'

/** Something in a cluster that was not as Postern made it, or that Postern did not make. */
export const findingResource = z
  .strictObject({
    id: z.string(),
    kind: z.enum(findingKinds),
    object: z.strictObject({ kind: z.string(), namespace: z.string(), name: z.string(), uid: z.string().nullable() }),
    sentence: z.string(),
    times: z.int().meta({ description: 'How often it was seen.' }),
    firstSeenAt: time,
    lastSeenAt: time,
    resolvedAt: time.nullable(),
    outcome: z.enum(findingOutcomes).nullable().meta({ description: 'What came of it; null while it stands.' }),
  })
  .meta({ id: 'Finding' })
export type FindingResource = z.infer<typeof findingResource>
