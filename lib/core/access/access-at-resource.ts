import { z } from 'zod'
import { time } from './resource-fields.ts'
import { ruleSchema } from './rule.ts'

/** A grant that was live at a moment, as the events say. */
export const accessAtItem = z
  .strictObject({
    grantId: z.string(),
    requestId: z.string(),
    person: z.strictObject({ id: z.string(), name: z.string(), email: z.string().nullable() }),
    entitlement: z.string(),
    cluster: z.string(),
    namespaces: z.array(z.string()),
    rules: z.array(ruleSchema).meta({ description: 'From the request; its terms can’t change once it is decided.' }),
    clusterRole: z.string().nullable(),
    reason: z.string(),
    ticket: z.string().nullable(),
    approvers: z
      .array(z.strictObject({ name: z.string(), at: time }))
      .meta({ description: 'Empty if no approval was needed.' }),
    policyVersion: z.string().nullable(),
    beganAt: time.meta({ description: 'When the cluster allowed the access.' }),
    expiresAt: time.meta({ description: 'When it was to end.' }),
    endedAt: time.nullable().meta({ description: 'When the cluster denied it; null if it has not ended yet.' }),
  })
  .meta({ id: 'AccessAtItem' })

export const accessAtResource = z
  .strictObject({
    time,
    items: z.array(accessAtItem),
    isComplete: z.boolean().meta({ description: 'False if there were more: narrow the filter.' }),
  })
  .meta({ id: 'AccessAt' })

const asked = z.string().min(1).max(320)

/** The action and the time of a question. The same times mean one moment. */
export const accessDuringQuery = {
  verb: asked.meta({ description: 'Such as delete.' }).optional(),
  resource: asked
    .meta({ description: 'Such as pods, pods/exec or deployments.apps. Without a group, it is of any group.' })
    .optional(),
  name: asked
    .meta({ description: 'The name of one object. Without it, access to some objects of this kind counts too.' })
    .optional(),
  cluster: asked.optional(),
  namespace: asked.optional(),
}

const standingItem = z
  .strictObject({
    cluster: z.string(),
    subject: z
      .strictObject({ kind: z.string(), namespace: z.string().nullable(), name: z.string() })
      .meta({ description: 'As the cluster names it: a User, a Group or a ServiceAccount.' }),
    binding: z
      .strictObject({ namespace: z.string().nullable(), name: z.string() })
      .meta({ description: 'The namespace is null for a ClusterRoleBinding, which counts everywhere.' }),
    role: z.strictObject({ kind: z.string(), name: z.string() }),
    from: time.meta({ description: 'The first reading with a binding and role that allowed it.' }),
    until: time
      .nullable()
      .meta({ description: 'The first reading after that without them; null while there is none.' }),
  })
  .meta({ id: 'StandingItem' })

const standingDuringResource = z
  .strictObject({
    items: z.array(standingItem),
    clusters: z.array(
      z.strictObject({
        cluster: z.string(),
        lastReadAt: time
          .nullable()
          .meta({ description: 'The last reading before the end of the time; null if there is none.' }),
        notRead: z.array(z.strictObject({ from: time, to: time })).meta({
          description: 'Times without a reading for more than half an hour: changes in them are not known. At most 20.',
        }),
      }),
    ),
    isComplete: z.boolean().meta({ description: 'False if there may be more: narrow the filter.' }),
  })
  .meta({
    id: 'StandingDuring',
    description: 'Access without Postern: RBAC roles and bindings as Postern read them, mostly each minute.',
  })
export type StandingDuring = z.infer<typeof standingDuringResource>

export const accessDuringResource = z
  .strictObject({
    from: time,
    to: time,
    items: z.array(accessAtItem),
    isComplete: z.boolean().meta({ description: 'False if there may be more: narrow the filter.' }),
    standing: standingDuringResource
      .nullable()
      .meta({ description: 'Who could perform the action without a grant; null without a verb and a resource.' }),
  })
  .meta({ id: 'AccessDuring' })
export type AccessDuring = z.infer<typeof accessDuringResource>
export type AccessAt = z.infer<typeof accessAtResource>
export type AccessAtItem = AccessAt['items'][number]
