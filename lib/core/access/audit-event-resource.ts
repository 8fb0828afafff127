import { z } from 'zod'
import { time } from './resource-fields.ts'

export const auditEventResource = z
  .strictObject({
    id: z.string(),
    at: time,
    type: z.string(),
    sentence: z.string(),
    actor: z.strictObject({
      kind: z.enum(['person', 'system', 'unknown']),
      id: z.string().nullable(),
      name: z.string(),
      email: z.string().nullable(),
    }),
    via: z.string(),
    clientAddress: z.string().nullable(),
    reference: z.string(),
    requestId: z.string().nullable(),
    grantId: z.string().nullable(),
    cluster: z.string().nullable(),
    namespaces: z.array(z.string()),
    policyVersion: z.string().nullable(),
    data: z.unknown(),
    before: z.unknown(),
    after: z.unknown(),
  })
  .meta({ id: 'AuditEvent' })
export type AuditEventResource = z.infer<typeof auditEventResource>
