// Standing access of people that requests could replace, as it is stored and as the API returns it.
import { z } from 'zod'
import { time } from './resource-fields.ts'
import { severities } from './severity.ts'

const text = z.string()

const held = {
  namespace: text.meta({ description: 'Empty for the whole cluster.' }),
  role: z.strictObject({ kind: text, name: text }),
  severity: z.enum(severities),
  morePeople: z.int().meta({ description: 'People who are not listed.' }),
  groups: z.array(text).meta({ description: 'At most 100.' }),
  moreGroups: z.int(),
}

/** As the worker stores it. */
export const standingAccess = z.strictObject({
  ...held,
  people: z.array(text),
  bindings: z.array(
    z.strictObject({
      kind: z.enum(['RoleBinding', 'ClusterRoleBinding']),
      name: text,
      /** It also binds others, such as ServiceAccounts. */
      isShared: z.boolean(),
    }),
  ),
  /** The rules of a Role, without those for paths; null for a ClusterRole, and if there are too many. */
  rules: z
    .array(
      z.strictObject({
        ...{ apiGroups: z.array(text), resources: z.array(text), verbs: z.array(text) },
        resourceNames: z.array(text).optional(),
      }),
    )
    .nullable(),
  /** How its holder could keep the access after a request has ended, or gain more than it. At most 5. */
  exceeding: z.array(text),
  /** What else remains after a request, such as `the passwords and keys that were read`. At most 5. */
  outlives: z.array(text),
  /** Is every call with this role one that the audit policy of Postern reports? */
  isReported: z.boolean(),
})
export type StandingAccess = z.infer<typeof standingAccess>

export const standingAccessResource = z
  .strictObject({
    ...held,
    people: z
      .array(
        z.strictObject({
          name: text.meta({ description: 'The user name in the cluster.' }),
          lastCallAt: time
            .nullable()
            .meta({ description: 'Their last reported call there, in 30 days; null if there is none.' }),
        }),
      )
      .meta({ description: 'At most 100.' }),
    sentence: text.meta({ description: 'Who holds what, and whether they use it.' }),
    unusedCount: z
      .int()
      .nullable()
      .meta({ description: 'People who have not used it in 30 days; null where that is not known.' }),
    offeredBy: text.nullable().meta({ description: 'An entitlement with the same ClusterRole there.' }),
    suggestion: text.nullable().meta({
      description:
        'An entitlement for `postern.yaml`, as YAML, whose approvers are left to fill in; null if one offers it already, or for the reason in `whyNotSuggested`.',
    }),
    whyNotSuggested: text.nullable().meta({
      description:
        'Why no entitlement is suggested, such as what lets its holder keep the access or gain more than it; null if one is suggested, or offers it already.',
    }),
    remove: z.array(text).meta({ description: 'kubectl commands that remove the bindings afterwards.' }),
  })
  .meta({ id: 'StandingAccess' })
export type StandingAccessResource = z.infer<typeof standingAccessResource>
