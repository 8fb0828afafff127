import { z } from 'zod'
import { personResource } from './person-resource.ts'
import { duration, time } from './resource-fields.ts'

const onCallResource = z
  .strictObject({
    rota: z.string(),
    email: z.string().meta({ description: 'The address by which the rota names who is on call.' }),
    until: time.meta({ description: 'When that may change.' }),
    asOf: time
      .nullable()
      .meta({ description: 'When a rota outside of Postern was last read; null for one of its own.' }),
  })
  .meta({ id: 'OnCall' })
export type OnCallResource = z.infer<typeof onCallResource>

const eligiblePerson = z
  .strictObject({
    ...personResource.shape,
    isOnCall: z.boolean(),
    usualTime: duration.nullable().meta({
      description:
        'The median time from a submission to their decision, in the last 90 days; null before five decisions.',
    }),
    awayUntil: time.nullable().meta({ description: 'Until when the person is away; null if they are not.' }),
    quietUntil: time.nullable().meta({
      description: 'When the quiet hours of the person end, during which mails wait; null if they have none now.',
    }),
    notifiedInstead: personResource.nullable().meta({
      description: 'Who is notified while the person is away, and may approve the step as well; null if no one is.',
    }),
  })
  .meta({ id: 'EligiblePerson' })
export type EligiblePerson = z.infer<typeof eligiblePerson>

const unavailableRota = z
  .strictObject({
    rota: z.string(),
    since: time.nullable().meta({ description: 'Since when it can’t be read; null if it never was.' }),
    isTooOld: z.boolean().meta({ description: 'The last good copy no longer counts: only the groups can approve.' }),
  })
  .meta({ id: 'UnavailableRota' })
export type UnavailableRota = z.infer<typeof unavailableRota>

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
    unknown: z
      .array(z.string())
      .meta({ description: 'Owners or a manager whom Postern did not know at submission, so that the groups decide.' }),
    approvedBy: z.array(personResource),
    eligible: z.array(eligiblePerson).meta({ description: 'Those on call first.' }),
    quietUntil: time.nullable().meta({
      description:
        'If all eligible people have quiet hours now: when those of the first one end. Null if someone has none, or there is no one.',
    }),
    onCall: z.array(onCallResource),
    unavailable: z.array(unavailableRota).meta({ description: 'Rotas outside of Postern that can’t be read.' }),
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
    owners: z.boolean().meta({ description: 'The owners of the requested namespaces may approve.' }),
    manager: z.boolean().meta({ description: 'The manager of the requester may approve.' }),
    remindAfter: duration.nullable(),
    escalate: z.array(z.strictObject({ after: duration, groups: z.array(z.string()) })),
  })
  .meta({ id: 'EntitlementStep' })
export type EntitlementStepResource = z.infer<typeof entitlementStepResource>
