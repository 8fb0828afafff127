import { z } from 'zod'
import { personResource } from './person-resource.ts'
import { time } from './resource-fields.ts'

export const decisionResource = z
  .strictObject({
    id: z.string(),
    person: personResource,
    decision: z.enum(['approve', 'deny']),
    note: z.string().nullable(),
    digest: z.string(),
    narrowed: z.boolean(),
    at: time,
  })
  .meta({ id: 'Decision' })
export type DecisionResource = z.infer<typeof decisionResource>
