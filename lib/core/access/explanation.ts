import { z } from 'zod'
import { approvalStepSchema } from './entitlement.ts'

// What "Why can't I?" answers, for the API and the page. Times are RFC 3339 in UTC.

const time = z.iso.datetime().meta({ description: 'RFC 3339, UTC' })
const list = z.array(z.string())

const role = z.strictObject({ kind: z.string(), name: z.string() })
const binding = z.strictObject({
  kind: z.enum(['RoleBinding', 'ClusterRoleBinding']),
  namespace: z.string().nullable(),
  name: z.string(),
})
const link = z.strictObject({ binding, role })

const question = z.strictObject({
  cluster: z.string(),
  verb: z.string(),
  group: z.string(),
  resource: z.string().nullable(),
  subresource: z.string(),
  name: z.string(),
  namespace: z.string().meta({ description: 'Empty: in the whole cluster.' }),
  path: z.string().nullable(),
})

export const explanationResource = z
  .strictObject({
    person: z.strictObject({ id: z.string(), name: z.string(), email: z.string().nullable() }),
    question,
    identity: z
      .strictObject({ user: z.string(), groups: list })
      .nullable()
      .meta({ description: 'Whom the cluster takes this person for; null where that is not known.' }),
    asOf: time.nullable().meta({ description: 'When the cluster’s roles and bindings were read.' }),
    allowed: z.boolean().nullable().meta({ description: 'By RBAC, as themselves. Null: not known, see `why`.' }),
    why: z.string().meta({ description: 'The answer as a sentence.' }),
    ways: z
      .array(
        z.strictObject({
          ...link.shape,
          rule: z.strictObject({
            verbs: list,
            apiGroups: list,
            resources: list,
            resourceNames: list,
            nonResourceURLs: list,
          }),
        }),
      )
      .meta({ description: 'Every binding, role and rule that allows it.' }),
    dangling: z.array(link).meta({ description: 'Bindings of this person that name a role that is not there.' }),
    grants: z
      .array(
        z.strictObject({
          id: z.string(),
          requestId: z.string(),
          title: z.string(),
          expiresAt: time,
          user: z.string().meta({ description: 'The ServiceAccount that may.' }),
          ...link.shape,
        }),
      )
      .meta({ description: 'Active grants of this person whose credentials allow it.' }),
    hints: list.meta({ description: 'What may be wrong with the question itself.' }),
    entitlements: z
      .array(
        z.strictObject({
          name: z.string(),
          title: z.string(),
          approvals: z.array(approvalStepSchema),
          ask: z.string().meta({ description: 'The page that asks for it, with everything filled in.' }),
        }),
      )
      .meta({ description: 'What this person may ask for that would give it, best first.' }),
  })
  .meta({ id: 'AccessExplanation' })
export type AccessExplanation = z.infer<typeof explanationResource>

const text = (max: number) => z.string().max(max)

/** The question, as the query of the API and of the page says it. */
export const explainQuery = z
  .strictObject({
    cluster: text(63).min(1),
    verb: text(63)
      .min(1)
      .meta({ description: 'As in Kubernetes: get, list, patch …; for a path the HTTP method in lower case.' }),
    group: text(253).default('').meta({ description: 'API group; empty for the core group.' }),
    resource: text(253).optional().meta({ description: 'In plural, such as deployments.' }),
    subresource: text(253).default('').meta({ description: 'Such as log or scale.' }),
    name: text(253).default(''),
    namespace: text(63).default('').meta({ description: 'Empty: in the whole cluster.' }),
    path: text(2000).optional().meta({ description: 'A path that is no resource, such as /metrics.' }),
    person: text(320)
      .optional()
      .meta({ description: 'Id, subject or e-mail address; for auditors and admins. Absent: me.' }),
  })
  .refine(({ resource, path }) => Boolean(resource) !== Boolean(path), {
    path: ['resource'],
    message: 'say exactly one of resource or path',
  })
export type ExplainQuery = z.infer<typeof explainQuery>
