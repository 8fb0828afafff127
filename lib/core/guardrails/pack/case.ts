// One test case of a policy: given a request, expect a verdict.
import { z } from 'zod'
import { durationSchema } from '#lib/core/access/duration-schema'
import { approvalStepSchema, labelSelector } from '#lib/core/access/entitlement'
import { mostCapabilities, mostPods } from '#lib/core/access/pod-facts'
import { submittedVia } from '#lib/core/access/recorded-facts'
import { rulesSchema } from '#lib/core/access/rule'

const flag = z.boolean().default(false)
const moment = z.iso.datetime({ offset: true, error: 'must be a time such as 2026-11-23T09:00:00Z' })
const seconds = durationSchema.meta({ type: 'string', format: 'duration' })
const names = z.array(z.string().min(1).max(256)).max(300)

/** Every key has a harmless default, so a case sets only what it is about. */
export const givenSchema = z.strictObject({
  entitlement: z.string().min(1).max(63).default('example'),
  clusterRole: z.string().max(253).optional(),
  approvals: z
    .array(approvalStepSchema)
    .max(8)
    .default([{ groups: ['leads'], count: 1 }]),
  requester: z.string().min(1).max(255).default('requester'),
  email: z.email().max(320).optional().meta({ description: 'The verified e-mail address of the requester.' }),
  manager: z
    .email()
    .max(320)
    .optional()
    .meta({ description: 'The manager whom the identity provider names, for `identity.managerClaim`.' }),
  groups: names.default(['developers']),
  onCall: names.default([]).meta({ description: 'The rotas in which the requester is on call.' }),
  cluster: z.string().min(1).max(63).default('example'),
  clusterLabels: labelSelector.default({}),
  /** A list of names, or a mapping of names to labels. */
  namespaces: z
    .union([z.array(z.string().min(1).max(63)).min(1).max(20), z.record(z.string().min(1).max(63), labelSelector)])
    .default(['example']),
  rules: rulesSchema.default([{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }]),
  risks: z
    .array(z.strictObject({ id: z.string().min(1), severity: z.enum(['low', 'medium', 'high']) }))
    .optional()
    .meta({ description: 'Default: the risks that Postern finds in the rules.' }),
  /** The permissions that would be new to the requester; null if unknown. */
  difference: z
    .array(
      z.strictObject({
        verb: z.string(),
        group: z.string().default(''),
        resource: z.string(),
        name: z.string().default(''),
        namespace: z.string().default('example'),
      }),
    )
    .nullable()
    .default(null),
  reason: z.string().max(2000).default('A reason that says what will be done and why.'),
  ticket: z.string().max(120).optional(),
  duration: seconds.prefault('PT30M'),
  startsAt: moment.optional(),
  via: z.enum(submittedVia).default('browser'),
  /** Other requests and grants of the requester; null if unknown. */
  history: z
    .strictObject({
      requests: z.array(moment).max(50).default([]),
      grants: z.array(moment).max(50).default([]),
      held: z
        .array(z.strictObject({ from: moment, to: moment }))
        .max(50)
        .default([]),
    })
    .nullable()
    .default({ requests: [], grants: [], held: [] })
    .meta({
      description:
        'When the requester submitted other requests, when such requests were approved, and from when to when the access was held.',
    }),
  /** The pods that the rules lead into; null if unknown. */
  pods: z
    .array(
      z.strictObject({
        namespace: z.string().default('example'),
        name: z.string().default('pod'),
        labels: labelSelector.default({}),
        serviceAccountName: z.string().default('default'),
        addedCapabilities: z.array(z.string()).max(mostCapabilities).default([]),
        mountsToken: flag,
        privileged: flag,
        hostNetwork: flag,
        hostPID: flag,
        hostIPC: flag,
        hostPath: flag,
        mayRunAsRoot: flag,
      }),
    )
    .max(mostPods)
    .nullable()
    .default([])
    .meta({ description: 'The pods that the rules lead into. Default: none. null: they are unknown.' }),
  now: moment.default('2026-11-23T09:00:00Z').meta({ description: 'Default: a Monday.' }),
  stage: z.enum(['submitting', 'deciding', 'granting']).default('submitting'),
})

const expectSchema = z.strictObject({
  violations: z
    .array(z.string())
    .default([])
    .meta({ description: 'The names of exactly those guardrails that are violated.' }),
  warnings: z.array(z.string()).optional(),
  approvals: z
    .array(approvalStepSchema)
    .optional()
    .meta({ description: 'Steps in addition to those of the entitlement.' }),
  approvers: z.int().optional(),
  automatic: z
    .boolean()
    .optional()
    .meta({ description: 'Whether the condition of the entitlement in the policy approves the request.' }),
  maxDuration: seconds.optional(),
  until: moment.optional(),
  passesNextAt: moment.nullable().optional(),
})

export const policyCaseSchema = z
  .strictObject({
    name: z.string().min(1).max(200),
    given: givenSchema.prefault({}),
    expect: expectSchema.prefault({}),
  })
  .meta({ id: 'PolicyCase' })
export type PolicyCase = z.input<typeof policyCaseSchema>
export type ParsedPolicyCase = z.output<typeof policyCaseSchema>
