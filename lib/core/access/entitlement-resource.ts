import { z } from 'zod'
import { duration } from './resource-fields.ts'
import { ruleSchema } from './rule.ts'
import { entitlementStepResource } from './step-resource.ts'

/** The namespaces of a cluster, as last read, that the entitlement covers. */
const entitlementCluster = z.strictObject({
  name: z.string(),
  reachable: z.boolean(),
  namespaces: z.array(z.string()),
})

export const entitlementResource = z
  .strictObject({
    name: z.string(),
    title: z.string(),
    description: z.string().nullable(),
    clusters: z.array(entitlementCluster),
    /** Names and globs, as configured. */
    namespaces: z.array(z.string()),
    namespaceSelector: z.record(z.string(), z.string()).nullable(),
    kind: z.enum(['rules', 'ceiling', 'clusterRole']),
    /** The rules that are granted; if `kind` is `ceiling`, the most that can be requested. */
    rules: z.array(ruleSchema),
    clusterRole: z.string().nullable(),
    defaultDuration: duration,
    maxDuration: duration,
    reasonMinLength: z.int(),
    ticket: z.strictObject({
      required: z.boolean(),
      pattern: z.string().nullable(),
      example: z.string().nullable().meta({ description: 'A ticket that matches the pattern, if one is known.' }),
    }),
    approvals: z.array(entitlementStepResource),
  })
  .meta({ id: 'Entitlement' })
export type EntitlementResource = z.infer<typeof entitlementResource>
