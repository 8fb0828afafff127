import { z } from 'zod'
import { differenceResource } from '#lib/core/access/difference'
import { findingKinds } from '#lib/core/access/finding'
import { refusedSubmission } from '#lib/core/access/recorded-facts'
import { endReasons } from '#lib/core/access/status'

// The closed list of facts that Postern records: for each type the shape of its data (an allow-list: what is not
// named here is not recorded) and one sentence. A type is never renamed or removed: recorded events stay readable.

const text = z.string().max(4000)

const refusal = z.strictObject({ code: text, sentence: text })

/** What a judgement let pass: by which version of the policy, what it warned of, what was new to the requester. */
const judged = z.strictObject({
  policyVersion: text,
  warnings: z.array(z.strictObject({ code: text, sentence: text })),
  difference: differenceResource.optional(),
})
export type JudgedData = z.infer<typeof judged>

/** The guardrails of the configuration that were in the way; events of before this was kept have none. */
const stoppedBy = z.array(text).optional()

const define = <T extends z.ZodObject>(data: T, sentence: (data: z.infer<T>) => string) => ({ data, sentence })

export const auditEvents = {
  'session.started': define(z.strictObject({ groups: z.array(text) }), () => 'signed in'),
  'session.ended': define(z.strictObject({}), () => 'signed out'),
  'session.refused': define(refusal, (d) => `was refused at sign-in: ${d.sentence}`),
  'session.groups-changed': define(
    z.strictObject({ gained: z.array(text), lost: z.array(text) }),
    (d) => `has other groups now: ${[...d.gained.map((g) => `+${g}`), ...d.lost.map((g) => `−${g}`)].join(' ')}`,
  ),
  'bearer.refused': define(refusal, (d) => `was refused a call of the API: ${d.sentence}`),

  'request.submitted': define(
    z.strictObject({
      entitlement: text,
      durationSeconds: z.int(),
      digest: text,
      reason: text,
      ticket: text.nullable(),
    }),
    (d) => `asked for ${d.entitlement}`,
  ),
  'request.refused': define(
    z.strictObject({
      entitlement: text,
      code: text,
      sentence: text,
      errors: z.array(z.strictObject({ pointer: text, message: text, code: text.optional() })),
      matched: z.array(text).optional(),
      submission: refusedSubmission.optional(),
    }),
    (d) => `asked for ${d.entitlement} and was refused: ${d.sentence}`,
  ),
  'request.approved': define(z.strictObject({ digest: text, automatic: z.boolean() }), (d) =>
    d.automatic ? 'was approved by its entitlement, without a person' : 'has every approval it needs',
  ),
  'request.denied': define(z.strictObject({ note: text.nullable() }), () => 'denied the request'),
  'request.withdrawn': define(z.strictObject({}), () => 'withdrew the request'),
  'request.withdrawal-refused': define(refusal, (d) => `tried to withdraw the request and was refused: ${d.sentence}`),
  'request.lapsed': define(z.strictObject({}), () => 'nobody decided in time'),
  'request.narrowed': define(z.strictObject({ digest: text, result: text }), () => 'narrowed what was asked for'),

  'decision.made': define(
    z.strictObject({
      decision: z.enum(['approve', 'deny']),
      digest: text,
      note: text.nullable(),
      groups: z.array(text),
      judged: judged.optional(),
    }),
    (d) => (d.decision === 'approve' ? 'approved' : 'denied'),
  ),
  'decision.refused': define(refusal.extend({ stoppedBy }), (d) => `tried to decide and was refused: ${d.sentence}`),

  'grant.intent-recorded': define(
    z.strictObject({ objects: z.array(z.strictObject({ kind: text, namespace: text, name: text })) }),
    () => 'will make the access',
  ),
  'grant.object-created': define(
    z.strictObject({ kind: text, namespace: text, name: text, uid: text }),
    (d) => `made ${d.kind} ${d.namespace}/${d.name}`,
  ),
  'grant.active': define(
    z.strictObject({ expiresAt: text, probes: z.int(), judged: judged.optional() }),
    () => 'the cluster says allowed: access begins',
  ),
  'grant.failed': define(refusal, (d) => `could not make the access: ${d.sentence}`),
  'grant.ending': define(
    z.strictObject({ endedBy: z.enum(endReasons), note: text.nullable(), stoppedBy }),
    (d) =>
      ({
        expiry: 'the time is over: access ends',
        revocation: 'revoked the access',
        release: 'gave the access back',
        failure: 'removes what was made',
        ineligible: 'access ends: by the people or the policy of today it may not be given',
      })[d.endedBy],
  ),
  'grant.object-removed': define(
    z.strictObject({
      ...{ kind: text, namespace: text, name: text, uid: text.nullable() },
      // A worker that died after the removal, or somebody else: whoever looked for it found it gone.
      alreadyGone: z.literal(true).optional(),
    }),
    (d) => `${d.alreadyGone ? 'found already removed:' : 'removed'} ${d.kind} ${d.namespace}/${d.name}`,
  ),
  'grant.ended': define(
    z.strictObject({ endedBy: z.enum(endReasons), probes: z.int() }),
    () => 'the cluster says denied: access is over',
  ),
  'grant.revocation-refused': define(refusal, (d) => `tried to end it and was refused: ${d.sentence}`),
  'grant.stray-removed': define(
    z.strictObject({ kind: text, namespace: text, name: text, uid: text, why: text }),
    (d) => `removed ${d.kind} ${d.namespace}/${d.name}: ${d.why}`,
  ),
  'grant.repaired': define(
    z.strictObject({ kind: text, namespace: text, name: text, why: text }),
    (d) => `put ${d.kind} ${d.namespace}/${d.name} right: ${d.why}`,
  ),

  'grant.repair-failed': define(refusal, (d) => `could not put the access right, so it ends: ${d.sentence}`),
  'grant.overdue-removed': define(
    z.strictObject({ kind: text, namespace: text, name: text, uid: text, expiresAt: text, removedAt: text }),
    (d) =>
      `removed ${d.kind} ${d.namespace}/${d.name} at ${d.removedAt}, without the database: its own annotation said that it was over`,
  ),
  'finding.detected': define(
    z.strictObject({
      ...{ id: text, kind: z.enum(findingKinds), object: text, namespace: text, name: text, uid: text.nullable() },
      sentence: text,
    }),
    (d) => `found: ${d.sentence}`,
  ),

  'credential.requested': define(z.strictObject({}), () => 'asked for a credential'),
  'credential.issued': define(z.strictObject({ jti: text, expiresAt: text }), () => 'took a credential'),
  'credential.refused': define(refusal, (d) => `asked for a credential and was refused: ${d.sentence}`),

  'record.rejected': define(
    z.strictObject({ record: text, id: text, code: text, sentence: text }),
    (d) => `refused what is on record: ${d.sentence}`,
  ),

  'policy.loaded': define(z.strictObject({ file: text }), () => 'a new configuration is in force'),
  'policy.refused': define(
    z.strictObject({ file: text, line: z.int().nullable(), column: z.int().nullable(), sentence: text }),
    (d) => `the configuration was refused: ${d.sentence}`,
  ),
} as const

export type AuditEventType = keyof typeof auditEvents
export type AuditEventData<T extends AuditEventType> = z.infer<(typeof auditEvents)[T]['data']>
export const auditEventTypes = Object.keys(auditEvents) as AuditEventType[]

/** One sentence for a recorded event, without its actor: "revoked the access". Unreadable data never throws. */
export function auditSentence(type: string, data: unknown): string {
  if (!Object.hasOwn(auditEvents, type)) return type
  const definition = auditEvents[type as AuditEventType]
  const parsed = definition.data.safeParse(data)
  return parsed.success ? (definition.sentence as (data: unknown) => string)(parsed.data) : type
}
