import { z } from 'zod'
import { inNamespaces } from './difference.ts'
import { time } from './resource-fields.ts'
import { ruleSchema } from './rule.ts'
import { stepResource } from './step-resource.ts'

/** The caller's own access, or a request of theirs that is not decided or not granted yet, that covers what they need. */
export const alreadyHeld = z
  .strictObject({
    requestId: z.string(),
    title: z.string(),
    status: z.enum(['active', 'approved', 'pending']).meta({ description: '`approved`: not active yet.' }),
    cluster: z.string(),
    namespaces: z.array(z.string()),
    rules: z.array(ruleSchema),
    clusterRole: z.string().nullable(),
    createdAt: time,
    grantId: z.string().nullable(),
    expiresAt: time.nullable(),
    steps: z.array(stepResource),
    missing: z
      .array(inNamespaces)
      .meta({ description: 'The needed permissions that it does not cover; empty if it covers all.' }),
  })
  .meta({ id: 'AlreadyHeld' })
export type AlreadyHeld = z.infer<typeof alreadyHeld>
