import { z } from 'zod'
import { time } from './resource-fields.ts'
import { entitlementStepResource } from './step-resource.ts'

// The answer of "Check access", for the API and the page.

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
  namespace: z.string().meta({ description: 'Empty for the whole cluster.' }),
  path: z.string().nullable(),
})

export const explanationResource = z
  .strictObject({
    person: z.strictObject({ id: z.string(), name: z.string(), email: z.string().nullable() }),
    question,
    identity: z
      .strictObject({ user: z.string(), groups: list })
      .nullable()
      .meta({ description: 'The user and groups by which the cluster knows this person; null if that is not known.' }),
    asOf: time.nullable().meta({ description: 'When the cluster’s roles and bindings were read.' }),
    allowed: z
      .boolean()
      .nullable()
      .meta({ description: 'Whether RBAC allows it to this person without a grant. Null: not known, see `why`.' }),
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
    dangling: z.array(link).meta({ description: 'Bindings of this person whose role does not exist.' }),
    grants: z
      .array(
        z.strictObject({
          id: z.string(),
          requestId: z.string(),
          title: z.string(),
          expiresAt: time,
          user: z.string().meta({ description: 'The ServiceAccount that is allowed to do it.' }),
          ...link.shape,
        }),
      )
      .meta({ description: 'Active grants of this person whose credentials allow it.' }),
    hints: list.meta({ description: 'Likely mistakes in the question itself.' }),
    entitlements: z
      .array(
        z.strictObject({
          name: z.string(),
          title: z.string(),
          approvals: z.array(entitlementStepResource),
          requestPath: z.string().meta({ description: 'The path of the request form, with the fields filled in.' }),
        }),
      )
      .meta({ description: 'Entitlements that would allow it and that this person may request, best first.' }),
  })
  .meta({ id: 'AccessExplanation' })
export type AccessExplanation = z.infer<typeof explanationResource>

const text = (max: number) => z.string().max(max)

const subject = {
  cluster: text(63).min(1),
  person: text(320)
    .optional()
    .meta({ description: 'Id, subject or e-mail address; only auditors and admins may set it. Absent: the caller.' }),
}

const action = {
  verb: text(63)
    .min(1)
    .meta({ description: 'As in Kubernetes: get, list, patch …; for a path the HTTP method in lower case.' }),
  group: text(253).default('').meta({ description: 'API group; empty for the core group.' }),
  subresource: text(253).default('').meta({ description: 'Such as log or scale.' }),
  name: text(253).default(''),
  namespace: text(63).default('').meta({ description: 'Empty for the whole cluster.' }),
}

/** The query parameters of the API and of the page. */
export const explainQuery = z
  .strictObject({
    ...subject,
    ...action,
    resource: text(253)
      .optional()
      .meta({ description: 'The plural name, such as deployments. Set exactly one of `resource` and `path`.' }),
    path: text(2000)
      .optional()
      .meta({ description: 'A non-resource path, such as /metrics. Set exactly one of `resource` and `path`.' }),
  })
  .refine(({ resource, path }) => Boolean(resource) !== Boolean(path), {
    path: ['resource'],
    message: 'set exactly one of resource or path',
  })
export type ExplainQuery = z.infer<typeof explainQuery>

/** More than `postern can-i` asks by default. Each is judged by every rule that applies to the person. */
export const mostActions = 64

const resource = text(253).min(1).meta({ description: 'The plural name, such as deployments.' })

/** Several actions on resources, of one person in one cluster. */
export const explainEachSchema = z.strictObject({
  ...subject,
  actions: z
    .array(z.strictObject({ ...action, resource }))
    .min(1)
    .max(mostActions),
})

export const explanationList = z.strictObject({
  items: z.array(explanationResource).meta({ description: 'One for each action, in the order of the actions.' }),
})
