import { z } from 'zod'
import { time } from './resource-fields.ts'
import { ruleSchema } from './rule.ts'

/** Rules that several namespaces share, written once. */
export const inNamespaces = z.strictObject({ namespaces: z.array(z.string()), rules: z.array(ruleSchema) })
export type InNamespaces = z.infer<typeof inNamespaces>

/**
 * What the requested rules add to the requester's current access in a cluster, or why that is unknown. Each single
 * permission (namespace, group, resource, verb, name) is in exactly one of `gained` and `held`.
 */
export const differenceResource = z
  .discriminatedUnion('known', [
    z.strictObject({
      known: z.literal(true),
      asOf: time.meta({ description: 'When the requester’s current access was read from the cluster.' }),
      gained: z.array(inNamespaces).meta({ description: 'Permissions that the requester does not have today.' }),
      held: z.array(inNamespaces).meta({ description: 'Requested permissions that the requester already has.' }),
    }),
    z.strictObject({ known: z.literal(false), why: z.string() }),
  ])
  .meta({ id: 'Difference' })
export type Difference = z.infer<typeof differenceResource>
