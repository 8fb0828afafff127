import { z } from 'zod'
import { time } from './resource-fields.ts'
import { ruleSchema } from './rule.ts'

/** A grant that was live at a moment, as the events say. */
export const accessAtItem = z
  .strictObject({
    grantId: z.string(),
    requestId: z.string(),
    person: z.strictObject({ id: z.string(), name: z.string(), email: z.string().nullable() }),
    entitlement: z.string(),
    cluster: z.string(),
    namespaces: z.array(z.string()),
    rules: z.array(ruleSchema).meta({ description: 'From the request; its terms can’t change once it is decided.' }),
    clusterRole: z.string().nullable(),
    reason: z.string(),
    ticket: z.string().nullable(),
    approvers: z
      .array(z.strictObject({ name: z.string(), at: time }))
      .meta({ description: 'Empty if no approval was needed.' }),
    policyVersion: z.string().nullable(),
    beganAt: time.meta({ description: 'When the cluster allowed the access.' }),
    expiresAt: time.meta({ description: 'When it was to end.' }),
    endedAt: time.nullable().meta({ description: 'When the cluster denied it; null if it has not ended yet.' }),
  })
  .meta({ id: 'AccessAtItem' })

export const accessAtResource = z
  .strictObject({
    time,
    items: z.array(accessAtItem),
    isComplete: z.boolean().meta({ description: 'False if there were more: narrow the filter.' }),
  })
  .meta({ id: 'AccessAt' })
export type AccessAt = z.infer<typeof accessAtResource>
export type AccessAtItem = AccessAt['items'][number]
