import { z } from 'zod'
import { alreadyHeld } from './already-held.ts'
import { differenceResource } from './difference.ts'
import { duration } from './resource-fields.ts'
import { riskResource } from './risk-resource.ts'
import { ruleSchema } from './rule.ts'
import { stepResource } from './step-resource.ts'
import { verdictResource } from './verdict-resource.ts'

export const previewResource = z
  .strictObject({
    verdict: verdictResource,
    steps: z.array(stepResource),
    rules: z.array(ruleSchema),
    difference: differenceResource,
    risk: riskResource,
    alreadyHeld: z
      .array(alreadyHeld)
      .meta({ description: 'The caller’s own access and open requests that cover all of it, or else a part.' }),
    ticketExample: z
      .string()
      .nullable()
      .meta({ description: 'A ticket that matches every required pattern, if one is known.' }),
    maxDuration: duration,
    digest: z.string(),
    /** The objects that would be created, as YAML. */
    manifests: z.string(),
    objects: z.array(z.strictObject({ kind: z.string(), namespace: z.string(), name: z.string() })),
  })
  .meta({ id: 'Preview' })
export type Preview = z.infer<typeof previewResource>
