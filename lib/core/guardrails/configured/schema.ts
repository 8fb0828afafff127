// One guardrail as it is written in postern.yaml.
import { z } from 'zod'
import { durationSchema } from '#lib/core/access/duration-schema'
import { configuredStepSchema, followUpShape, labelSelector } from '#lib/core/access/entitlement'
import { isTimeZone } from '#lib/core/access/time-zone'

const guardrailName = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, 'must be a name of lower-case letters, digits and dashes')

const glob = z.string().regex(/^[a-z0-9*]([a-z0-9*.-]{0,61}[a-z0-9*])?$/, 'must be a name or a glob such as checkout-*')
const group = z.string().min(1).max(256)
/** Written as ISO 8601, read as seconds. */
export const limitDuration = durationSchema.meta({ type: 'string', format: 'duration' })
const expression = (description: string) => z.string().min(1).max(4000).meta({ description })
const sentence = z
  .string()
  .min(1)
  .max(500)
  .refine((text) => !/\p{Cc}|[\u202a-\u202e\u2066-\u2069]/u.test(text), 'must be one line of plain text')

export const dayNames = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const
const daysPattern = new RegExp(`^(${dayNames.join('|')})(-(${dayNames.join('|')}))?$`)

const zone = z.string().max(64).refine(isTimeZone, 'must be an IANA time zone, such as Europe/Berlin')
const wallTime = (last: RegExp, example: string) => z.string().regex(last, `must be a time such as "${example}"`)

/** Open while the local time in the zone is on one of these days, between these times. */
export const windowSchema = z.strictObject({
  zone,
  days: z
    .array(z.string().regex(daysPattern, 'must be a day such as mon, or a range such as mon-fri'))
    .min(1)
    .max(14)
    .meta({
      description:
        'mon, tue … sun, or a range such as mon-fri. A window over midnight belongs to the day on which it opens.',
    }),
  from: wallTime(/^([01]\d|2[0-3]):[0-5]\d$/, '09:00').meta({ description: 'First minute inside the window.' }),
  to: wallTime(/^(([01]\d|2[0-3]):[0-5]\d|24:00)$/, '18:00').meta({
    description: 'First minute outside the window. If not later than from, on the next day.',
  }),
})

const date = z.iso.date({ error: 'must be a date such as 2026-12-24' })

/** Closes every window: a range of dates in one zone, both included, or the events of an iCalendar file (RFC 5545). */
export const freezeSchema = z.union([
  z
    .strictObject({ name: sentence.max(120), from: date, to: date, zone })
    .refine((freeze) => freeze.from <= freeze.to, { path: ['to'], message: 'must not be before from' }),
  z.strictObject({
    calendar: z.string().min(1).max(500).meta({ description: 'An .ics file next to postern.yaml.' }),
    zone: zone.meta({ description: 'For whole days and for times without a time zone.' }),
  }),
])

const matchSchema = z
  .strictObject({
    clusters: z.array(glob).min(1).optional(),
    clusterLabels: labelSelector.optional(),
    namespaces: z.array(glob).min(1).optional(),
    namespaceLabels: labelSelector.optional(),
    entitlements: z.array(glob).min(1).optional(),
    groups: z.array(group).min(1).optional().meta({ description: 'The requester is a member of one of these.' }),
    scope: z.enum(['namespaced', 'cluster']).optional().meta({
      description:
        'namespaced: requests, Roles and RoleBindings. cluster: ClusterRoles and ClusterRoleBindings, in manifests only.',
    }),
  })
  .meta({
    description: 'Which requests the guardrail applies to. All keys must match; without keys, every request matches.',
  })

/** A step whose groups depend on the request. */
const computedStepSchema = z.strictObject({
  groupsExpression: expression(
    'A CEL expression that returns list<string>: the groups. With namespaceObject, one step for each namespace.',
  ),
  count: z.int().min(1).max(10).default(1),
  ...followUpShape,
})

const requireSchema = z
  .strictObject({
    approvals: z
      .array(z.union([configuredStepSchema, computedStepSchema]))
      .min(1)
      .max(8)
      .optional()
      .meta({ description: 'Steps in addition to those of the entitlement.' }),
    approvers: z.int().min(1).max(10).optional().meta({ description: 'The minimum number of different approvers.' }),
    ticket: z
      .union([z.literal(true), z.strictObject({ pattern: z.string().min(1).max(200) })])
      .optional()
      .meta({ description: 'true, or a pattern in RE2 syntax.' }),
    reasonMinLength: z.int().min(1).max(2000).optional(),
  })
  .refine(
    (value) => Object.values(value).some((part) => part !== undefined),
    'must have at least one of approvals, approvers, ticket and reasonMinLength',
  )

const limitSchema = z
  .strictObject({
    maxDuration: limitDuration.optional(),
    windows: z
      .array(windowSchema)
      .min(1)
      .max(20)
      .optional()
      .meta({ description: 'Access must start inside one of these.' }),
    freezes: z
      .array(freezeSchema)
      .min(1)
      .max(50)
      .optional()
      .meta({ description: 'Access must start outside all of these.' }),
    mayOutliveWindow: z.boolean().optional().meta({ description: 'Access may continue after the window closes.' }),
  })
  .refine(
    (limit) => limit.maxDuration ?? limit.windows ?? limit.freezes,
    'must have at least one of maxDuration, windows and freezes',
  )
  .refine((limit) => limit.mayOutliveWindow === undefined || limit.windows || limit.freezes, {
    path: ['mayOutliveWindow'],
    message: 'requires windows or freezes',
  })

export const effects = ['deny', 'require', 'limit', 'warn'] as const

const fields = {
  name: guardrailName.meta({ description: 'The code of the violation. It is recorded, so do not reuse a name.' }),
  description: sentence.meta({ description: 'Why the guardrail exists.' }),
  match: matchSchema.optional(),
  when: expression(
    'A CEL expression that returns bool. The guardrail matches if it is true, or if it is left out.',
  ).optional(),
  effect: z.enum(effects),
  message: sentence.optional().meta({ description: 'The message of the violation. Default: the description.' }),
  messageExpression: expression('A CEL expression that returns string, instead of message.').optional(),
  link: z
    .url({ protocol: /^https?$/ })
    .max(500)
    .optional(),
  require: requireSchema.optional(),
  limit: limitSchema.optional(),
}

/** One guardrail: which requests it applies to, when it matches, what it does then, and its message. */
export const guardrailSchema = z
  .strictObject(fields)
  .superRefine((guardrail, context) => {
    for (const block of ['require', 'limit'] as const) {
      const [has, needs] = [guardrail[block] !== undefined, guardrail.effect === block]
      if (has && !needs) context.addIssue({ code: 'custom', path: [block], message: `requires effect: ${block}` })
      if (!has && needs)
        context.addIssue({ code: 'custom', path: ['effect'], message: `${block} requires a ${block} block` })
    }
    if (guardrail.message && guardrail.messageExpression) {
      const message = 'must not be combined with message'
      context.addIssue({ code: 'custom', path: ['messageExpression'], message })
    }
  })
  .meta({ id: 'Guardrail' })
export type Guardrail = z.infer<typeof guardrailSchema>
export type GuardrailInput = z.input<typeof guardrailSchema>
export type Window = z.infer<typeof windowSchema>
export type Freeze = z.infer<typeof freezeSchema>
