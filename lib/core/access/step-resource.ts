import { z } from 'zod'
import { personResource } from './person-resource.ts'

/** One approval step, who could still give it, who has. `eligible` are people Postern has seen; others may exist. */
export const stepResource = z
  .strictObject({
    groups: z.array(z.string()),
    count: z.int(),
    approvedBy: z.array(personResource),
    eligible: z.array(personResource),
  })
  .meta({ id: 'ApprovalStepState' })
export type StepResource = z.infer<typeof stepResource>
