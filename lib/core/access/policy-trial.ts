import { z } from 'zod'
import { idText } from './ids.ts'
import { personResource } from './person-resource.ts'
import { time } from './resource-fields.ts'
import { ruleSchema } from './rule.ts'
import { severities } from './severity.ts'
import { approvalStepResource } from './step-resource.ts'
import { verdictResource } from './verdict-resource.ts'

// Trying a policy without applying it: on past requests (replay), on one of them, or on a sample.

/** Characters. Guardrails fit; a configuration with a thousand clusters does not, but it can be sent without them. */
export const maxPolicyText = 200_000

const policy = z
  .string()
  .min(1, 'must not be empty')
  .max(
    maxPolicyText,
    `must be at most ${maxPolicyText} characters: leave out everything except guardrails and guardrailPack`,
  )
  .meta({ description: 'The text of a whole postern.yaml, or only its keys guardrails, guardrailPack and risks.' })

const calendars = z
  .record(z.string().min(1).max(500), z.string().max(maxPolicyText))
  .refine((files) => Object.keys(files).length <= 20, 'at most 20 calendars')
  .meta({
    description: 'Calendar files by the names in the policy. Others are taken from the current policy.',
    override: ({ jsonSchema }) => {
      jsonSchema.maxProperties = 20
    },
  })
  .default({})

/** The most requests that one replay reads. */
export const mostReplayed = 500

/** The body of POST /api/v1/policy/replay. */
export const replayInput = z
  .strictObject({
    policy,
    calendars,
    last: z.int().min(1).max(mostReplayed).default(100).meta({ description: 'How many requests, newest first.' }),
    against: z
      .enum(['recorded', 'current'])
      .default('recorded')
      .meta({ description: 'What to compare with: the recorded verdicts, or the verdicts of the current policy.' }),
    // The last request and the last refused submission of the page, either may be missing.
    cursor: z
      .string()
      .regex(new RegExp(`^(?:${idText('request')})?\\.(?:${idText('event')})?$`), {
        error: 'must be the nextCursor of an earlier replay, unchanged',
      })
      .optional()
      .meta({ description: '`nextCursor` of the previous replay.' }),
  })
  .meta({ id: 'ReplayInput' })
export type ReplayBody = z.input<typeof replayInput>
export type ReplayInput = z.infer<typeof replayInput>

export const changeKinds = ['violation', 'warning', 'approval', 'ticket', 'reason', 'duration', 'window'] as const
export const outcomes = ['refused', 'needs-approval', 'automatic'] as const
export type Outcome = (typeof outcomes)[number]

/** One difference between two judgements of the same request. */
export const changeResource = z
  .strictObject({
    kind: z.enum(changeKinds).meta({ description: 'What there is more or less of.' }),
    now: z.enum(['more', 'less']),
    code: z.string().nullable().meta({ description: 'The code of the violation or warning; otherwise null.' }),
    sentence: z.string(),
    requiredBy: z.array(z.strictObject({ name: z.string(), sentence: z.string() })).meta({
      description:
        'The guardrails that require what there is more of, or required what there is less of, each with its message. Empty for a violation or warning, if the entitlement requires it, or if the guardrails were not recorded.',
    }),
    requiredByMore: z.int().meta({ description: 'How many more guardrails require it.' }),
  })
  .meta({ id: 'VerdictChange' })
export type Change = z.infer<typeof changeResource>

/** Facts that are no longer known, or that the reader may not know. A guardrail that reads one counts as violated. */
export const unknownFacts = ['entitlement', 'groups', 'cluster labels', 'namespaces', 'difference', 'risks'] as const
export type UnknownFactName = (typeof unknownFacts)[number]
const unknown = z.array(z.enum(unknownFacts)).meta({
  description:
    'Facts that are no longer known, or that you may not know. A guardrail that reads one of them counts as violated.',
})

/** A past request, or a submission that was refused. */
const replayedRequestResource = z
  .strictObject({
    kind: z.enum(['request', 'refused']),
    id: z.string().meta({ description: 'The id of the request, or of the event that records the refusal.' }),
    at: time,
    requester: personResource,
    entitlement: z.string(),
    cluster: z.string(),
    namespaces: z.array(z.string()),
  })
  .meta({ id: 'ReplayedRequest' })

export const replayResource = z
  .strictObject({
    policyVersion: z.string().meta({ description: 'The version of the policy that was tried.' }),
    against: replayInput.shape.against.unwrap(),
    judged: z.int(),
    leftOut: z.int().meta({ description: 'Requests that were not judged because the replay ran out of time.' }),
    since: time.nullable().meta({ description: 'When the oldest judged request was submitted.' }),
    changed: z.int(),
    guardrails: z
      .array(z.strictObject({ name: z.string(), before: z.int().nullable(), after: z.int() }))
      .meta({ description: 'How often each guardrail matched. `before` is null if that was not recorded.' }),
    items: z.array(
      z.strictObject({
        request: replayedRequestResource,
        before: z.enum(outcomes),
        after: z.enum(outcomes),
        changes: z.array(changeResource),
        more: z.int().meta({ description: 'How many changes are not listed.' }),
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
    policy: policy.optional().meta({ description: 'If absent, the current policy.' }),
    calendars,
    request: z
      .string()
      .min(1)
      .max(100)
      .optional()
      .meta({ description: 'The id of a request, or of the event that records a refused submission.' }),
    sample: z.string().max(20_000).optional().meta({
      description: 'YAML or JSON: the `given` of a case for `postern policy test`. Empty: a harmless request.',
    }),
  })
  .refine((input) => (input.request === undefined) !== (input.sample === undefined), {
    message: 'set exactly one of request or sample',
    path: ['request'],
  })
  .meta({
    id: 'JudgeInput',
    override: ({ jsonSchema }) => {
      jsonSchema.oneOf = [{ required: ['request'] }, { required: ['sample'] }]
    },
  })
export type JudgeBody = z.input<typeof judgeInput>
export type JudgeInput = z.infer<typeof judgeInput>

export const trialResource = z
  .strictObject({
    verdict: verdictResource,
    outcome: z.enum(outcomes),
    steps: z.array(approvalStepResource).meta({ description: 'The approval steps that the request would need.' }),
    matched: z
      .array(
        z.strictObject({
          name: z.string(),
          effect: z.enum(['deny', 'require', 'limit', 'warn']),
          description: z.string(),
          does: z.array(z.string()).meta({ description: 'What it requires or limits, in words.' }),
          sentences: z.array(z.string()).meta({ description: 'Its messages for this request.' }),
        }),
      )
      .meta({ description: 'The guardrails that matched.' }),
    rules: z.array(ruleSchema).nullable(),
    risks: z.array(z.strictObject({ id: z.string(), severity: z.enum(severities) })),
    at: time.meta({ description: 'The time for which the request is judged.' }),
    unknown,
  })
  .meta({ id: 'Trial' })
export type Trial = z.infer<typeof trialResource>
