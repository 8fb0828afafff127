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
    about: z.strictObject({ id: z.string(), name: z.string() }).nullable().meta({
      description: 'Whose request or access it is about. Others than auditors and admins read only themselves.',
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
