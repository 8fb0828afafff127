import { z } from 'zod'
import { personResource } from './person-resource.ts'
import { time } from './resource-fields.ts'

const onCallResource = z
  .strictObject({
    rota: z.string(),
    email: z.string().meta({ description: 'The address by which the rota names who is on call.' }),
    until: time.meta({ description: 'When that may change.' }),
  })
  .meta({ id: 'OnCall' })
export type OnCallResource = z.infer<typeof onCallResource>

/** An approval step, who approved it and who may. `eligible` lists people known to Postern; there may be others. */
export const stepResource = z
  .strictObject({
    groups: z.array(z.string()),
    count: z.int(),
    approvedBy: z.array(personResource),
    eligible: z.array(personResource),
    onCall: z.array(onCallResource),
  })
  .meta({ id: 'ApprovalStepState' })
export type StepResource = z.infer<typeof stepResource>

/** An approval step as the policy requires it. The person on call is in the group of the rota (on-call.ts). */
export const approvalStepResource = z.strictObject({ groups: z.array(z.string()), count: z.int() })
