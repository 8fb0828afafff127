import { z } from 'zod'
import { ruleSchema } from './rule.ts'

const time = z.iso.datetime().meta({ description: 'RFC 3339, UTC' })

/** The same rules in several namespaces, said once. */
const inNamespaces = z.strictObject({ namespaces: z.array(z.string()), rules: z.array(ruleSchema) })
export type InNamespaces = z.infer<typeof inNamespaces>

/**
 * What rules add to what somebody may do in a cluster today, or why that is not known. Every single (namespace, group,
 * resource, verb, name) that is asked for is in exactly one of `gained` and `held`.
 */
export const differenceResource = z
  .discriminatedUnion('known', [
    z.strictObject({
      known: z.literal(true),
      asOf: time.meta({ description: 'When the cluster was asked what the requester may do.' }),
      gained: z.array(inNamespaces).meta({ description: 'What would be new.' }),
      held: z.array(inNamespaces).meta({ description: 'What is asked for though it is possible already.' }),
    }),
    z.strictObject({ known: z.literal(false), why: z.string() }),
  ])
  .meta({ id: 'Difference' })
export type Difference = z.infer<typeof differenceResource>
