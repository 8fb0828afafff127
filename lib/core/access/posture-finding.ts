// One thing that is dangerous about the standing access in a cluster, as the API returns it.
import { z } from 'zod'
import { prose } from './request.ts'
import { duration, time } from './resource-fields.ts'
import { severities } from './severity.ts'
import { standingAccessResource } from './standing-access.ts'

const text = z.string()

const binding = z.strictObject({
  kind: z.enum(['RoleBinding', 'ClusterRoleBinding']),
  namespace: text.meta({ description: 'Empty for a ClusterRoleBinding.' }),
  name: text,
})

/** What a finding is about: a binding, or a namespace as a whole. */
const place = binding.extend({ kind: z.enum([...binding.shape.kind.options, 'Namespace']) })

const step = z.strictObject({
  from: text,
  can: text.meta({ description: 'What it can do, such as "create tokens for it".' }),
  binding: text.meta({ description: 'The bindings that give it; empty for a membership.' }),
  role: text,
  to: text.meta({ description: 'Who it then acts as; cluster-admin in the end.' }),
})

/** What lib/core/rbac/posture/judge.ts finds. The chain leads from the subjects over the binding and the role to the rule. */
export const postureFinding = z.strictObject({
  check: text.meta({ description: 'The ID of a risk of the catalogue, or of a check of bindings.' }),
  severity: z.enum(severities),
  subjects: z
    .array(text)
    .meta({ description: 'Who has the access, such as ServiceAccount payments/api; the first ones.' }),
  moreSubjects: z.int(),
  binding: place.meta({ description: 'The binding, or the `Namespace` that the finding is about.' }),
  role: z.strictObject({ kind: text, name: text }).meta({ description: 'Both are empty if it is about a namespace.' }),
  because: z.array(text).meta({ description: 'The permissions that are the problem, such as create pods/exec.' }),
  sentence: text.meta({ description: 'Why it matters.' }),
  path: z.array(step).meta({ description: 'Of a takeover: each step to cluster-admin.' }),
  fix: z.array(text).meta({ description: 'kubectl commands that look at it, narrow it or remove it.' }),
})
export type PostureFinding = z.infer<typeof postureFinding>

/** Of Postern's own account: one role of deploy/rbac.yaml. */
export const ownRights = z.strictObject({
  role: z.strictObject({ kind: text, name: text }),
  part: z.int().meta({ description: 'The part of deploy/rbac.yaml that explains it.' }),
  bindings: z.array(binding).meta({ description: 'At most 100.' }),
  moreBindings: z.int(),
  permissions: z.array(z.strictObject({ permission: text, why: text })),
})
export type OwnRights = z.infer<typeof ownRights>

/** A person's acceptance of a risk, as it is stored. */
export const postureAcceptance = z.strictObject({
  reason: text,
  owner: text.meta({ description: 'Who is responsible for it: a person or a team.' }),
  until: time.meta({ description: 'When it comes back.' }),
  by: text.meta({ description: 'The name of the admin who accepted it.' }),
  at: time,
})
export type PostureAcceptance = z.infer<typeof postureAcceptance>

const storedFinding = postureFinding.extend({
  id: text,
  digest: text.meta({ description: 'Of everything that the finding says; an acceptance names it.' }),
  since: time,
  changedAt: time.meta({ description: 'When its subjects or permissions last changed.' }),
  isNew: z.boolean().meta({ description: 'Found or changed since the baseline.' }),
  acceptance: postureAcceptance.nullable(),
  suppressed: text.nullable().meta({ description: 'Why postern.yaml suppresses it.' }),
  resolvedAt: time.nullable(),
})

export const postureResource = z
  .strictObject({
    cluster: text,
    judgedAt: time.nullable().meta({ description: 'When the findings last changed; null if nothing was judged yet.' }),
    readAt: time.nullable().meta({ description: 'When the roles and bindings were last read.' }),
    unknown: text.nullable().meta({ description: 'Why the roles and bindings are not known.' }),
    baseline: z
      .strictObject({ at: time, by: text.nullable().meta({ description: 'Null for the first reading.' }) })
      .nullable()
      .meta({ description: 'What later findings are compared with.' }),
    open: z
      .array(storedFinding)
      .meta({ description: 'Neither accepted nor suppressed. Sorted by severity; at most 500.' }),
    openCount: z.strictObject({ high: z.int(), medium: z.int(), low: z.int() }),
    longestAcceptance: duration.meta({ description: 'The longest time for which a risk can be accepted.' }),
    newHighCount: z.int().meta({ description: 'High findings since the baseline.' }),
    leftOutCount: z
      .int()
      .meta({ description: 'Findings that are not stored, because Postern stores 5,000 of a cluster.' }),
    accepted: z.array(storedFinding).meta({ description: 'At most 500.' }),
    acceptedCount: z.int(),
    suppressed: z.array(storedFinding).meta({ description: 'At most 100.' }),
    suppressedCount: z.int(),
    own: z.array(ownRights).meta({ description: 'The expected permissions of Postern itself.' }),
    standing: z.array(standingAccessResource).meta({
      description:
        'Standing access of people with a risk, which requests could replace. Sorted by severity; at most 100.',
    }),
    standingCount: z.int(),
    resolved: z.array(storedFinding).meta({ description: 'The 50 that were resolved last.' }),
  })
  .meta({ id: 'Posture' })
export type PostureResource = z.infer<typeof postureResource>

const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/, 'must be the digest of the finding as you saw it, sha256:…')

/** The body of POST /api/v1/clusters/{cluster}/posture/{id}/acceptance. */
export const acceptanceSchema = z
  .strictObject({
    digest,
    reason: prose(2000, 'say why the risk is acceptable'),
    owner: prose(120, 'name the person or team who is responsible'),
    until: z.iso
      .datetime({ offset: true, error: 'must be a time such as 2027-01-31T09:00:00Z' })
      .transform((text) => new Date(text)),
  })
  .meta({ id: 'PostureAcceptanceInput' })
export type AcceptanceInput = z.infer<typeof acceptanceSchema>

/** The body of POST /api/v1/clusters/{cluster}/posture/{id}/acceptance/withdraw. */
export const withdrawalSchema = z
  .strictObject({ note: prose(2000, 'say why the risk is no longer acceptable') })
  .meta({ id: 'PostureWithdrawalInput' })
export type WithdrawalInput = z.infer<typeof withdrawalSchema>

export const postureWithdrawal = z
  .strictObject({ by: text.meta({ description: 'The name of the admin who withdrew it.' }), at: time })
  .meta({ id: 'PostureWithdrawal' })
export type PostureWithdrawal = z.infer<typeof postureWithdrawal>

/** The body of POST /api/v1/clusters/{cluster}/posture/baseline. */
export const baselineSchema = z
  .strictObject({
    judgedAt: z.iso
      .datetime({ offset: true, error: 'must be judgedAt of the posture that you saw' })
      .transform((text) => new Date(text))
      .meta({ description: '`judgedAt` of the posture that the caller saw: later findings stay new.' }),
  })
  .meta({ id: 'PostureBaselineInput' })
export type BaselineInput = z.infer<typeof baselineSchema>
