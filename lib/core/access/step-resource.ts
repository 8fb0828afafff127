import { z } from 'zod'
import { personResource } from './person-resource.ts'

/** An approval step, who approved it and who may. `eligible` lists people known to Postern; there may be others. */
export const stepResource = z
  .strictObject({
    groups: z.array(z.string()),
    count: z.int(),
    approvedBy: z.array(personResource),
    eligible: z.array(personResource),
  })
  .meta({ id: 'ApprovalStepState' })
export type StepResource = z.infer<typeof stepResource>
