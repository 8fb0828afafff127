import { z } from 'zod'
import { approvalStepSchema } from './entitlement.ts'
import { personResource, verdictResource } from './resources.ts'
import { ruleSchema } from './rule.ts'
import { severities } from './severity.ts'

// A policy that is tried and not in force: on past asks (replay), on one of them, or on a sample. It changes nothing.

const time = z.iso.datetime().meta({ description: 'RFC 3339, UTC' })

/** Characters. A thousand clusters do not fit; guardrails do, and they may be sent without the rest. */
export const maxPolicyText = 200_000

const policy = z
  .string()
  .min(1, 'must not be empty')
  .max(
    maxPolicyText,
    `must be at most ${maxPolicyText} characters: leave out everything but guardrails and guardrailPack`,
  )
  .meta({ description: 'The text of a whole postern.yaml, or of its keys guardrails and guardrailPack alone.' })

const calendars = z
  .record(z.string().min(1).max(500), z.string().max(maxPolicyText))
  .refine((files) => Object.keys(files).length <= 20, 'at most 20 calendars')
  .default({})
  .meta({ description: 'Calendar files by the names that the policy gives; others are those of the policy in force.' })

/** Asks that one replay looks at, at most. */
export const mostReplayed = 500

/** The body of POST /api/v1/policy/replay. */
export const replayInput = z
  .strictObject({
    policy,
    calendars,
    last: z.int().min(1).max(mostReplayed).default(100).meta({ description: 'How many asks, newest first.' }),
    against: z.enum(['then', 'in-force']).default('then').meta({
      description: 'What it is compared with: what was said when they were asked, or what the policy in force says.',
    }),
    cursor: z.string().min(1).max(500).optional().meta({ description: '`nextCursor` of the replay before.' }),
  })
  .meta({ id: 'ReplayInput' })
export type ReplayInput = z.infer<typeof replayInput>

export const changeKinds = ['violation', 'warning', 'approval', 'ticket', 'reason', 'duration', 'window'] as const
export const outcomes = ['refused', 'needs-approval', 'automatic'] as const
export type Outcome = (typeof outcomes)[number]

/** One difference between two judgements of the same ask. */
export const changeResource = z
  .strictObject({
    kind: z.enum(changeKinds).meta({ description: 'Of what there is more or less now.' }),
    now: z.enum(['more', 'less']),
    code: z.string().nullable().meta({ description: 'Of a violation or a warning: what says it.' }),
    sentence: z.string(),
    requiredBy: z.array(z.strictObject({ name: z.string(), sentence: z.string() })).meta({
      description:
        'Of anything else: the guardrails that want what there is more of, or wanted what there is less of, each with its message. Empty where the entitlement does, and where it was not kept who wanted it then.',
    }),
    requiredByMore: z.int().meta({ description: 'Guardrails that want it too and are not listed.' }),
  })
  .meta({ id: 'VerdictChange' })
export type Change = z.infer<typeof changeResource>

/** Facts that are not known any more, or not the reader's to know. What asks for them counts as violated. */
export const unknownFacts = ['entitlement', 'groups', 'cluster labels', 'namespaces', 'difference', 'risks'] as const
export type UnknownFactName = (typeof unknownFacts)[number]
const unknown = z.array(z.enum(unknownFacts)).meta({
  description: 'Facts that are not known any more, or not yours to know: what asks for them counts as violated.',
})

/** Something that was asked for: a request, or an attempt that was refused. */
const replayedRequestResource = z
  .strictObject({
    kind: z.enum(['request', 'refused']),
    id: z.string().meta({ description: 'Of the request, or of the event that records the refusal.' }),
    at: time,
    requester: personResource,
    entitlement: z.string(),
    cluster: z.string(),
    namespaces: z.array(z.string()),
  })
  .meta({ id: 'Ask' })

export const replayResource = z
  .strictObject({
    policyVersion: z.string().meta({ description: 'Of what was tried.' }),
    against: replayInput.shape.against.unwrap(),
    judged: z.int(),
    leftOut: z.int().meta({ description: 'Asks that were not judged because the time of one replay was over.' }),
    since: time.nullable().meta({ description: 'When the oldest of those that were judged was asked.' }),
    changed: z.int(),
    guardrails: z
      .array(z.strictObject({ name: z.string(), before: z.int().nullable(), after: z.int() }))
      .meta({ description: 'How often each guardrail came in; null where that was not kept.' }),
    items: z.array(
      z.strictObject({
        ask: replayedRequestResource,
        before: z.enum(outcomes),
        after: z.enum(outcomes),
        changes: z.array(changeResource),
        more: z.int().meta({ description: 'Changes that are not listed.' }),
        unknown,
      }),
    ),
    nextCursor: z.string().nullable(),
  })
  .meta({ id: 'Replay' })
export type Replay = z.infer<typeof replayResource>

/** The body of POST /api/v1/policy/judge. */
export const judgeInput = z
  .strictObject({
    policy: policy.optional().meta({ description: 'Left out: the policy in force.' }),
    calendars,
    ask: z
      .string()
      .min(1)
      .max(100)
      .optional()
      .meta({ description: 'The id of a request, or of a refusal in the record.' }),
    sample: z.string().max(20_000).optional().meta({
      description: 'YAML or JSON: the `given` of a case for `postern policy test`. Empty: a harmless request.',
    }),
  })
  .refine((input) => (input.ask === undefined) !== (input.sample === undefined), {
    message: 'say exactly one of ask or sample',
    path: ['ask'],
  })
  .meta({ id: 'JudgeInput' })
export type JudgeInput = z.infer<typeof judgeInput>

export const trialResource = z
  .strictObject({
    verdict: verdictResource,
    outcome: z.enum(outcomes),
    steps: z.array(approvalStepSchema).meta({ description: 'Who would have to approve.' }),
    matched: z
      .array(
        z.strictObject({
          name: z.string(),
          effect: z.enum(['deny', 'require', 'limit', 'warn']),
          description: z.string(),
          does: z.array(z.string()).meta({ description: 'What it wants or limits, in words.' }),
          sentences: z.array(z.string()).meta({ description: 'What it says of this ask.' }),
        }),
      )
      .meta({ description: 'The guardrails that came in.' }),
    rules: z.array(ruleSchema).nullable(),
    risks: z.array(z.strictObject({ id: z.string(), severity: z.enum(severities) })),
    at: time.meta({ description: 'The moment that it is judged for.' }),
    unknown,
  })
  .meta({ id: 'Trial' })
export type Trial = z.infer<typeof trialResource>
