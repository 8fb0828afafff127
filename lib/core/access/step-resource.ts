import { z } from 'zod'
import { personResource } from './person-resource.ts'
import { duration, time } from './resource-fields.ts'

const onCallResource = z
  .strictObject({
    rota: z.string(),
    email: z.string().meta({ description: 'The address by which the rota names who is on call.' }),
    until: time.meta({ description: 'When that may change.' }),
  })
  .meta({ id: 'OnCall' })
export type OnCallResource = z.infer<typeof onCallResource>

const escalationResource = z
  .strictObject({
    groups: z.array(z.string()),
    at: time.meta({ description: 'When these groups may approve too, unless the step is complete by then.' }),
    isDone: z.boolean().meta({ description: 'Did it happen?' }),
  })
  .meta({ id: 'Escalation' })
export type EscalationResource = z.infer<typeof escalationResource>

/** An approval step, who approved it and who may. `eligible` lists people known to Postern; there may be others. */
export const stepResource = z
  .strictObject({
    groups: z.array(z.string()),
    count: z.int(),
    approvedBy: z.array(personResource),
    eligible: z.array(personResource),
    onCall: z.array(onCallResource),
    escalations: z.array(escalationResource).meta({ description: 'Of a pending request, in their order.' }),
  })
  .meta({ id: 'ApprovalStepState' })
export type StepResource = z.infer<typeof stepResource>

/** An approval step as the policy requires it. The person on call is in the group of the rota (on-call.ts). */
export const approvalStepResource = z.strictObject({ groups: z.array(z.string()), count: z.int() })

/** A step of an entitlement: also when it reminds and escalates. */
export const entitlementStepResource = z
  .strictObject({
    ...approvalStepResource.shape,
    remindAfter: duration.nullable(),
    escalate: z.array(z.strictObject({ after: duration, groups: z.array(z.string()) })),
  })
  .meta({ id: 'EntitlementStep' })
export type EntitlementStepResource = z.infer<typeof entitlementStepResource>
