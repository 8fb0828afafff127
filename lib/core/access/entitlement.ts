import { z } from 'zod'
import type { BreakGlass } from './break-glass.ts'
import { durationSchema } from './duration-schema.ts'
import { onCallGroup, personGroup } from './on-call.ts'
import { rulesSchema } from './rule.ts'
import { mailboxOf } from './same-person.ts'
import { globCovers } from './system-namespaces.ts'

const name = z
  .string()
  .regex(
    /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/,
    'must consist of lower-case letters, digits and dashes, at most 63 characters',
  )

/**
 * The name of a namespace, or a glob in which `*` matches any run of characters. See system-namespaces.ts for `kube-*`.
 */
export const namespaceGlob = z
  .string()
  .regex(/^[a-z0-9*]([a-z0-9*-]{0,61}[a-z0-9*])?$/, 'must be a namespace name or a glob such as checkout-*')

export const labelSelector = z.record(z.string().min(1).max(317), z.string().max(63))

const people = z
  .strictObject({
    groups: z.array(z.string().min(1).max(256)).optional(),
    people: z.array(z.string().min(1).max(256)).optional().meta({ description: 'Subjects at the identity provider.' }),
  })
  .refine((who) => (who.groups?.length ?? 0) + (who.people?.length ?? 0) > 0, 'name at least one group or person')

/** In the configuration an ISO 8601 duration, in code a number of seconds. */
const seconds = (description: string) => durationSchema.meta({ description, type: 'string', format: 'duration' })

/** A person by e-mail address or by subject. What has an @ is an address. */
export const personName = z
  .string()
  .min(1)
  .max(320)
  .refine((text) => !text.includes('@') || mailboxOf(text) !== null, 'must be an e-mail address or a subject')

/** Who may approve. The person on call is in the group of the rota, and a named person in one of their own (on-call.ts). */
export const approversShape = {
  groups: z.array(z.string().min(1).max(256)).default([]),
  people: z
    .array(personName)
    .max(50)
    .default([])
    .meta({ description: 'People by verified e-mail address, or by subject at the identity provider.' }),
  onCall: name.optional().meta({ description: 'The name of a rota: the person on call may approve too.' }),
}
type Approvers = { groups: string[]; people: string[]; onCall?: string | undefined }

export const isAnyApprover = ({ groups, people, onCall }: Approvers) =>
  groups.length > 0 || people.length > 0 || onCall !== undefined
const anyone = 'name at least one group, person or rota'

/** The groups of those who may approve. */
export const groupsOfApprovers = ({ groups, people, onCall }: Approvers): string[] => [
  ...new Set([...groups, ...people.map(personGroup), ...(onCall === undefined ? [] : [onCallGroup(onCall)])]),
]

const count = z.int().min(1).max(10).default(1)

/** Who may approve a step: also those whom only the request names (lib/core/access/routing.ts). */
const stepApproversShape = {
  ...approversShape,
  owners: z
    .literal(true, 'must be true or absent')
    .optional()
    .meta({ description: 'The owners of each requested namespace may approve; one step for each set of owners.' }),
  manager: z
    .literal(true, 'must be true or absent')
    .optional()
    .meta({ description: 'The manager of the requester may approve.' }),
  count,
}
type StepApprovers = Approvers & { owners?: true | undefined; manager?: true | undefined; count: number }

const isAnyStepApprover = (step: StepApprovers) => step.owners || step.manager || isAnyApprover(step)
const anyStepApprover = 'name at least one group, person or rota, owners or manager'

const stepOf = (step: StepApprovers) => ({
  ...{ groups: groupsOfApprovers(step), count: step.count },
  ...(step.owners ? { owners: step.owners } : {}),
  ...(step.manager ? { manager: step.manager } : {}),
})

/** A step without its time: approvals by any of these. */
export const approvalStepSchema = z
  .strictObject(stepApproversShape)
  .refine(isAnyStepApprover, anyStepApprover)
  .transform(stepOf)

/** From `after` the submission on, these groups may approve too, as long as the step is not complete. */
export type Escalation = { after: number; groups: string[] }

export type ApprovalStep = {
  groups: string[]
  count: number
  /** Seconds after the submission at which those who may approve are reminded. */
  remindAfter?: number
  /** In the order in which they happen. */
  escalate?: Escalation[]
  /** May the owners of the requested namespaces approve, and the requester's manager? See lib/core/access/routing.ts. */
  owners?: true
  manager?: true
  /** Of the step of a request that asked for owners or a manager: its groups without them. */
  named?: string[]
  /** The namespaces whose owners these are, and whom Postern does not know. */
  namespaces?: string[]
  unknown?: string[]
  /** The labels of the submission that named owners, by namespace. */
  ownerLabels?: Record<string, Record<string, string>>
}

const escalationSchema = z
  .strictObject({
    after: seconds('When it happens, counted from the submission.'),
    to: z.strictObject(approversShape).refine(isAnyApprover, anyone),
  })
  .transform(({ after, to }): Escalation => ({ after, groups: groupsOfApprovers(to) }))

/** When a step reminds, and when it escalates to whom. */
export const followUpShape = {
  remindAfter: seconds('Those who may approve are reminded once, this long after the submission.').optional(),
  escalate: z
    .array(escalationSchema)
    .min(1)
    .max(5)
    .refine((levels) => levels.every(({ after }, at) => at === 0 || after > (levels[at - 1]?.after ?? 0)), {
      message: 'must be in the order of after, each later than the one before',
    })
    .optional()
    .meta({ description: 'Who may approve too if the step is not complete by then.' }),
}
export type FollowUps = Pick<ApprovalStep, 'remindAfter' | 'escalate'>

/** Without the keys that a step does not set. */
export const followUpsOf = ({ remindAfter, escalate }: z.output<z.ZodObject<typeof followUpShape>>): FollowUps => ({
  ...(remindAfter === undefined ? {} : { remindAfter }),
  ...(escalate === undefined ? {} : { escalate }),
})

/** A step of an entitlement, or one that a guardrail requires. */
export const configuredStepSchema = z
  .strictObject({ ...stepApproversShape, ...followUpShape })
  .refine(isAnyStepApprover, anyStepApprover)
  .transform((step): ApprovalStep => ({ ...stepOf(step), ...followUpsOf(step) }))

const breakGlassSettings = z.strictObject({
  usesPerWeek: z
    .int()
    .min(1)
    .max(50)
    .default(3)
    .meta({ description: 'How often one person may use it in seven days.' }),
  reviewWithin: seconds('How long after the end of the access its review is due.').prefault('P3D'),
  reasonMinLength: z.int().min(1).max(500).default(30),
  security: z.array(z.string().min(1).max(256)).max(20).default([]).meta({
    description: 'Groups that are notified of every use and may review it, in addition to the skipped approvers.',
  }),
})

const breakGlassSchema = z
  .union([z.literal(true), breakGlassSettings])
  .transform((value): BreakGlass => (value === true ? breakGlassSettings.parse({}) : value))

/** Something that people may request. Exactly one of `rules`, `ceiling` and `clusterRole` says which permissions. */
export const entitlementSchema = z
  .strictObject({
    name,
    title: z.string().min(1).max(120),
    description: z.string().max(500).optional(),
    who: people,
    clusters: z.array(name).min(1),
    namespaces: z.array(namespaceGlob).optional(),
    namespaceSelector: labelSelector
      .optional()
      .meta({ description: 'Labels that a namespace must have, all of them.' }),
    rules: rulesSchema.optional().meta({ description: 'Every request gets exactly these rules.' }),
    ceiling: rulesSchema.optional().meta({ description: 'The requester chooses any rules that these cover.' }),
    clusterRole: z
      .string()
      .min(1)
      .max(253)
      .optional()
      .meta({ description: 'A vetted ClusterRole, bound in each namespace.' }),
    duration: z.strictObject({
      default: seconds('Used if the requester chooses no other.'),
      max: seconds('The longest duration that may be requested.'),
      maxTotal: seconds('How long access may last with all its extensions; `max` if it is left out.').optional(),
    }),
    startWithin: seconds('How far ahead a requested start may be.').prefault('P7D'),
    reason: z.strictObject({ minLength: z.int().min(1).max(500).default(1) }).default({ minLength: 1 }),
    ticket: z
      .strictObject({
        required: z.boolean().default(false),
        pattern: z.string().max(200).optional(),
        example: z
          .string()
          .min(1)
          .max(120)
          .optional()
          .meta({ description: 'A ticket that matches the pattern, shown to people: `PAY-123`.' }),
      })
      .default({ required: false }),
    approvals: z
      .array(configuredStepSchema)
      .max(8)
      .meta({ description: 'Every step is required, in any order. [] means that no approval is needed.' }),
    automatic: z
      .strictObject({
        when: z
          .string()
          .min(1)
          .max(4000)
          .meta({ description: 'A CEL expression that returns bool, with the variables of guardrails.' }),
      })
      .optional()
      .meta({ description: 'No approval is needed while this condition holds. If it fails, people decide.' }),
    breakGlass: breakGlassSchema.optional().meta({
      description:
        'For emergencies: access begins at once. The people of the approval steps and security are notified, and one of them reviews it afterwards.',
    }),
  })
  .refine((e) => [e.rules, e.ceiling, e.clusterRole].filter((x) => x !== undefined).length === 1, {
    message: 'set exactly one of rules, ceiling or clusterRole',
  })
  .refine((e) => e.namespaces !== undefined || e.namespaceSelector !== undefined, {
    message: 'set namespaces, namespaceSelector or both',
  })
  .refine((e) => e.duration.default <= e.duration.max, {
    path: ['duration', 'default'],
    message: 'must not be longer than max',
  })
  .refine(({ duration: { max, maxTotal = max } }) => maxTotal >= max, {
    path: ['duration', 'maxTotal'],
    message: 'must not be shorter than max',
  })
  .refine(({ approvals, breakGlass }) => !breakGlass || approvals.length + breakGlass.security.length > 0, {
    path: ['breakGlass'],
    message: 'name at least one approval step or security group: they review the access',
  })
  .refine(({ approvals, automatic }) => !automatic || approvals.length > 0, {
    path: ['automatic'],
    message: 'requires approval steps: without them every request is approved automatically',
  })
  .refine(({ breakGlass, automatic }) => !automatic || !breakGlass, {
    path: ['automatic'],
    message: 'can’t be combined with breakGlass, which asks no one',
  })
export type Entitlement = z.infer<typeof entitlementSchema>

/** The shortest reason that a request for this entitlement may have. */
export const reasonMinLength = ({ reason, breakGlass }: Pick<Entitlement, 'reason' | 'breakGlass'>): number =>
  Math.max(reason.minLength, breakGlass?.reasonMinLength ?? 0)

export type Who = Entitlement['who']

/** Is this person eligible, by group or by subject? */
export const isAmong = (who: Who, person: { subject: string; groups: readonly string[] }): boolean =>
  (who.people ?? []).includes(person.subject) || (who.groups ?? []).some((group) => person.groups.includes(group))

/**
 * A namespace may be requested if its name matches and it has the labels; each applies only if it is set.
 * @param labels undefined if the namespaces of the cluster are unknown: a label selector then covers nothing
 */
export function isNamespaceCovered(
  entitlement: Pick<Entitlement, 'namespaces' | 'namespaceSelector'>,
  namespace: string,
  labels: Record<string, string> | undefined,
): boolean {
  const byName = entitlement.namespaces?.some((glob) => globCovers(glob, namespace)) ?? true
  const byLabel =
    entitlement.namespaceSelector === undefined ||
    (labels !== undefined &&
      Object.entries(entitlement.namespaceSelector).every(([key, value]) => labels[key] === value))
  return byName && byLabel
}
