import { z } from 'zod'
import { suspicions } from '#lib/core/access/activity-resource'
import { reviewOutcomes } from '#lib/core/access/break-glass'
import { differenceResource } from '#lib/core/access/difference'
import { durationInWords } from '#lib/core/access/duration'
import { findingKinds } from '#lib/core/access/finding'
import { exactTime } from '#lib/core/access/format-time'
import { groupsProblems } from '#lib/core/access/learn-groups'
import { groupsInWords } from '#lib/core/access/on-call'
import { refusedSubmission } from '#lib/core/access/recorded-facts'
import { revocationScopes } from '#lib/core/access/revocation-scope'
import { endReasons } from '#lib/core/access/status'

// The closed list of events that Postern records: for each type the schema of its data (an allow-list: a field that is
// not named here is not recorded) and a sentence that follows the name of the actor. From the first release on, a type
// is never renamed or removed, so that recorded events stay readable.

const text = z.string().max(4000)

/** `providerError` is the identity provider's own `error` (RFC 6749 §5.2). */
const refusal = z.strictObject({ code: text, sentence: text, providerError: text.optional() })

/** The judgement that let it pass: the policy version, its warnings, and what was new to the requester. */
const judged = z.strictObject({
  policyVersion: text,
  warnings: z.array(z.strictObject({ code: text, sentence: text })),
  difference: differenceResource.optional(),
})
export type JudgedData = z.infer<typeof judged>

/** The guardrails that blocked it. */
const stoppedBy = z.array(text).optional()

const inScopeWords = { person: 'of', entitlement: 'of the entitlement', namespace: 'in', cluster: 'on' }

const throughAgent = ({ agent }: { agent?: string | undefined }) => (agent ? ` through an agent (${agent})` : '')

const define = <T extends z.ZodObject>(data: T, sentence: (data: z.infer<T>) => string) => ({ data, sentence })

const isOfNamespace = ({ binding }: { binding: string }) => binding.startsWith('Namespace ')

export const auditEvents = {
  'session.started': define(z.strictObject({ groups: z.array(text) }), () => 'signed in'),
  'session.ended': define(
    z.strictObject({ cause: z.enum(['provider-refused']).optional(), providerError: text.optional() }),
    (d) =>
      d.cause
        ? `ended a session: the identity provider refused the person${d.providerError ? ` (${d.providerError})` : ''}`
        : 'signed out',
  ),
  'sessions.ended': define(
    z.strictObject({ count: z.int() }),
    (d) => `signed out everywhere else: ended ${d.count === 1 ? '1 other session' : `${d.count} other sessions`}`,
  ),
  'session.refused': define(refusal, (d) => `failed to sign in: ${d.sentence}`),
  'session.groups-changed': define(
    z.strictObject({ gained: z.array(text), lost: z.array(text) }),
    (d) => `changed groups: ${[...d.gained.map((g) => `+${g}`), ...d.lost.map((g) => `−${g}`)].join(' ')}`,
  ),
  'session.groups-missing': define(
    z.strictObject({
      problem: z.enum(groupsProblems),
      claim: text,
      // The names of the claims that came; never their values.
      received: z.array(text),
    }),
    (d) =>
      ({
        absent: `has no groups: the identity provider sent no claim ${d.claim}`,
        overage: `has no groups: the identity provider does not put so many into the claim ${d.claim}`,
        unusable: `has no groups: the claim ${d.claim} of the identity provider is not a list of names`,
      })[d.problem],
  ),
  'bearer.refused': define(refusal, (d) => `was refused an API call: ${d.sentence}`),

  'request.submitted': define(
    z.strictObject({
      entitlement: text,
      durationSeconds: z.int(),
      digest: text,
      reason: text,
      ticket: text.nullable(),
      // The program that submitted it for the requester.
      agent: text.optional(),
      // The grant that it extends, and when the first of that chain began.
      extends: text.optional(),
      heldSince: text.optional(),
    }),
    (d) => (d.extends ? `requested more time for ${d.entitlement}` : `requested ${d.entitlement}`) + throughAgent(d),
  ),
  'request.refused': define(
    z.strictObject({
      entitlement: text,
      code: text,
      sentence: text,
      errors: z.array(z.strictObject({ pointer: text, message: text, code: text.optional() })),
      matched: z.array(text).optional(),
      agent: text.optional(),
      submission: refusedSubmission.optional(),
    }),
    (d) => `requested ${d.entitlement}${throughAgent(d)} and was refused: ${d.sentence}`,
  ),
  // `reviewDueAt`: it is break-glass access.
  'request.approved': define(
    z.strictObject({ digest: text, automatic: z.boolean(), condition: text.optional(), reviewDueAt: text.optional() }),
    (d) => {
      if (d.reviewDueAt) return 'granted break-glass access without an approval'
      if (d.condition) return 'approved the request automatically: the condition of its entitlement holds'
      return d.automatic
        ? 'approved the request automatically: no approval is needed'
        : 'gave the last required approval'
    },
  ),
  'review.recorded': define(z.strictObject({ outcome: z.enum(reviewOutcomes), note: text }), (d) =>
    d.outcome === 'justified'
      ? 'reviewed the break-glass access: justified'
      : 'reviewed the break-glass access: not justified',
  ),
  'review.refused': define(refusal, (d) => `tried to review the break-glass access and was refused: ${d.sentence}`),
  'comment.added': define(z.strictObject({ id: text, text, needsInformation: z.boolean() }), (d) =>
    d.needsInformation ? 'requested more information' : 'commented on the request',
  ),
  'comment.refused': define(refusal, (d) => `tried to comment on the request and was refused: ${d.sentence}`),
  // A period's access, as an auditor reviewed it: `digest` is the content hash of what they saw.
  'access.reviewed': define(
    z.strictObject({ from: text, to: text, digest: text, note: text, grants: z.int(), people: z.int() }),
    (d) =>
      `reviewed the access from ${d.from} until ${d.to}: ${d.grants === 1 ? '1 grant' : `${d.grants} grants`} of ${d.people === 1 ? '1 person' : `${d.people} people`}`,
  ),
  'access.review-refused': define(
    refusal.extend({ from: text, to: text }),
    (d) => `tried to sign off the access from ${d.from} until ${d.to} and was refused: ${d.sentence}`,
  ),
  'request.denied': define(z.strictObject({ note: text.nullable() }), () => 'closed the request as denied'),
  'request.withdrawn': define(z.strictObject({}), () => 'withdrew the request'),
  'request.withdrawal-refused': define(refusal, (d) => `tried to withdraw the request and was refused: ${d.sentence}`),
  'request.lapsed': define(z.strictObject({}), () => 'closed the request: it expired before it was decided'),
  'request.reminded': define(
    z.strictObject({ groups: z.array(text), afterSeconds: z.int() }),
    (d) =>
      `reminded ${groupsInWords(d.groups)}: the request still needs a decision after ${durationInWords(d.afterSeconds)}`,
  ),
  'request.escalated': define(
    z.strictObject({ from: z.array(text), to: z.array(text), afterSeconds: z.int() }),
    (d) =>
      `escalated the request to ${groupsInWords(d.to)}: ${groupsInWords(d.from)} did not complete it within ${durationInWords(d.afterSeconds)}`,
  ),
  'request.handed-over': define(
    z.strictObject({ rota: text, to: z.array(text) }),
    (d) => `announced the request to ${d.to.join(' and ')}, who came on call for ${d.rota}`,
  ),
  'request.narrowed': define(z.strictObject({ digest: text, result: text }), () => 'narrowed the request'),

  'decision.made': define(
    z.strictObject({
      decision: z.enum(['approve', 'deny']),
      digest: text,
      note: text.nullable(),
      groups: z.array(text),
      judged: judged.optional(),
    }),
    (d) => (d.decision === 'approve' ? 'approved the request' : 'denied the request'),
  ),
  'decision.refused': define(
    refusal.extend({ stoppedBy }),
    (d) => `tried to decide the request and was refused: ${d.sentence}`,
  ),

  'grant.intent-recorded': define(
    z.strictObject({ objects: z.array(z.strictObject({ kind: text, namespace: text, name: text })) }),
    () => 'recorded which objects it will create',
  ),
  'grant.object-created': define(
    z.strictObject({ kind: text, namespace: text, name: text, uid: text }),
    (d) => `created ${d.kind} ${d.namespace}/${d.name}`,
  ),
  'grant.active': define(
    z.strictObject({ expiresAt: text, probes: z.int(), judged: judged.optional() }),
    () => 'activated the access: the cluster allows it',
  ),
  'grant.failed': define(refusal, (d) => `could not create the access: ${d.sentence}`),
  'grant.ending': define(
    z.strictObject({ endedBy: z.enum(endReasons), note: text.nullable(), stoppedBy }),
    (d) =>
      ({
        expiry: 'started to end the access: it expired',
        revocation: 'revoked the access',
        release: 'released the access',
        failure: 'started to delete the access: it could not be created',
        ineligible: 'started to end the access: the requester, an approver or the policy no longer permits it',
        superseded: 'started to end the access: its extension is active',
      })[d.endedBy],
  ),
  'grant.object-deleted': define(
    z.strictObject({
      ...{ kind: text, namespace: text, name: text, uid: text.nullable() },
      // Someone else deleted it, or a worker stopped between deleting it and recording that.
      alreadyGone: z.literal(true).optional(),
    }),
    (d) => `${d.alreadyGone ? 'found already deleted:' : 'deleted'} ${d.kind} ${d.namespace}/${d.name}`,
  ),
  'grant.ended': define(
    z.strictObject({ endedBy: z.enum(endReasons), probes: z.int() }),
    () => 'ended the access: the cluster denies it',
  ),
  'grant.revocation-refused': define(refusal, (d) => `tried to end the access and was refused: ${d.sentence}`),
  // A bulk revocation: one event with its list. Each grant has its own `grant.ending` besides.
  'grants.revoked': define(
    z.strictObject({
      ...{ by: z.enum(revocationScopes), name: text, label: text, note: text },
      grants: z.array(z.strictObject({ id: text, requestId: text, holder: text })),
    }),
    (d) =>
      `revoked all access ${inScopeWords[d.by]} ${d.label}: ${d.grants.length === 1 ? '1 grant' : `${d.grants.length} grants`}`,
  ),
  'grants.revocation-refused': define(
    refusal.extend({ by: z.enum(revocationScopes), name: text }),
    (d) => `tried to revoke all access ${inScopeWords[d.by]} ${d.name} and was refused: ${d.sentence}`,
  ),
  'grant.stray-deleted': define(
    z.strictObject({ kind: text, namespace: text, name: text, uid: text, why: text }),
    (d) => `deleted ${d.kind} ${d.namespace}/${d.name}: ${d.why}`,
  ),
  'grant.repaired': define(
    z.strictObject({ kind: text, namespace: text, name: text, why: text }),
    (d) => `repaired ${d.kind} ${d.namespace}/${d.name}: ${d.why}`,
  ),
  'grant.repair-failed': define(refusal, (d) => `could not repair the access, so it was ended: ${d.sentence}`),
  'grant.overdue-deleted': define(
    z.strictObject({ kind: text, namespace: text, name: text, uid: text, expiresAt: text, removedAt: text }),
    (d) =>
      `deleted ${d.kind} ${d.namespace}/${d.name} at ${d.removedAt} while the database was unavailable: its expires-at annotation had passed`,
  ),
  'finding.detected': define(
    z.strictObject({
      ...{ id: text, kind: z.enum(findingKinds), object: text, namespace: text, name: text, uid: text.nullable() },
      sentence: text,
    }),
    (d) => `found a problem in the cluster: ${d.sentence}`,
  ),

  'activity.suspicious': define(
    z.strictObject({
      suspicion: z.enum(suspicions),
      severity: z.literal('high'),
      account: text,
      credentialId: text.nullable(),
      address: text.nullable(),
      at: text,
    }),
    (d) =>
      ({
        impersonated: `found that ${d.account} acted as the account of this access (impersonation)`,
        'not-issued': 'found a call with a token of this access that Postern never issued',
        'after-end': 'found that the cluster accepted a token of this access after its end',
      })[d.suspicion],
  ),

  // Which calls it brought is known of each call.
  'activity.import-started': define(
    z.strictObject({ importId: text, file: text }),
    (d) => `started to import the audit log ${d.file}`,
  ),
  'activity.import-refused': define(refusal, (d) => `tried to import an audit log and was refused: ${d.sentence}`),

  // Calls are no part of the record: this says that they were there.
  'activity.removed': define(
    z.strictObject({ before: text, calls: z.int(), sources: z.int(), rejections: z.int(), minutes: z.int() }),
    (d) => `removed ${d.calls === 1 ? '1 call' : `${d.calls} calls`} before ${d.before} because of their age`,
  ),

  'standing.removed': define(
    z.strictObject({ states: z.int() }),
    (d) =>
      `removed ${d.states === 1 ? '1 old state' : `${d.states} old states`} of roles and bindings because of their age`,
  ),

  // The first judgement of a cluster: one event for all of its findings, with which later ones are compared.
  'posture.recorded': define(
    z.strictObject({ high: z.int(), medium: z.int() }),
    (d) => `recorded the standing access: ${d.high} high and ${d.medium} medium findings`,
  ),
  'posture.opened': define(
    z.strictObject({
      id: text,
      check: text,
      severity: text,
      binding: text,
      role: text,
      subjects: z.array(text),
      sentence: text,
    }),
    (d) =>
      `found ${isOfNamespace(d) ? 'a namespace' : 'standing access'} with ${d.severity} risk, ${d.binding}: ${d.sentence}`,
  ),
  'posture.resolved': define(
    z.strictObject({ id: text, check: text, severity: text, binding: text }),
    (d) =>
      `found that ${isOfNamespace(d) ? 'a' : 'standing access with'} ${d.severity} risk is gone: ${d.binding} (${d.check})`,
  ),

  'posture.changed': define(
    z.strictObject({ id: text, check: text, severity: text, binding: text, subjects: z.array(text) }),
    (d) => `found that standing access with ${d.severity} risk has changed: ${d.binding} (${d.check})`,
  ),
  // High findings that were opened or changed, or whose acceptance ended, by one judgement. People are notified of it.
  'posture.worsened': define(
    z.strictObject({ count: z.int(), ids: z.array(text) }),
    (d) => `found ${d.count === 1 ? '1 high risk' : `${d.count} high risks`} of standing access`,
  ),
  'posture.accepted': define(
    z.strictObject({
      ...{ id: text, check: text, severity: text, binding: text },
      reason: text,
      owner: text,
      until: text,
    }),
    (d) => `accepted the ${d.severity} risk of ${d.binding} (${d.check}) until ${d.until}; owner: ${d.owner}`,
  ),
  'posture.accept-refused': define(
    refusal.extend({ id: text }),
    (d) => `tried to accept a risk of standing access and was refused: ${d.sentence}`,
  ),
  'posture.acceptance-withdrawn': define(
    z.strictObject({ id: text, check: text, severity: text, binding: text, note: text }),
    (d) => `withdrew the acceptance of ${d.binding} (${d.check}): ${d.note}`,
  ),
  'posture.withdraw-refused': define(
    refusal.extend({ id: text }),
    (d) => `tried to withdraw the acceptance of a risk and was refused: ${d.sentence}`,
  ),
  'posture.acceptance-ended': define(
    z.strictObject({ id: text, check: text, severity: text, binding: text, cause: z.enum(['expired', 'changed']) }),
    (d) =>
      `ended the acceptance of ${d.binding} (${d.check}): ${d.cause === 'expired' ? 'its end date has passed' : 'the access has changed'}`,
  ),
  'posture.baseline-taken': define(
    z.strictObject({ judgedAt: text, high: z.int(), medium: z.int() }),
    (d) => `took a baseline of the standing access: ${d.high} high and ${d.medium} medium findings`,
  ),
  'posture.baseline-refused': define(
    refusal,
    (d) => `tried to take a baseline of the standing access and was refused: ${d.sentence}`,
  ),

  'credential.requested': define(z.strictObject({}), () => 'requested a credential'),
  'credential.issued': define(z.strictObject({ jti: text, expiresAt: text }), () => 'was issued a credential'),
  'credential.refused': define(refusal, (d) => `requested a credential and was refused: ${d.sentence}`),

  'record.rejected': define(
    z.strictObject({ record: text, id: text, code: text, sentence: text }),
    (d) => `rejected a stored record: ${d.sentence}`,
  ),

  'notices.preferences-changed': define(z.strictObject({ muted: z.array(text) }), (d) =>
    d.muted.length === 0 ? 'chose to receive every notice' : `chose not to receive: ${d.muted.join(', ')}`,
  ),
  'absence.set': define(
    z.strictObject({ from: text, until: text, delegate: text }),
    (d) => `is away from ${exactTime(d.from)} until ${exactTime(d.until)} UTC: ${d.delegate} is notified instead`,
  ),
  'absence.ended': define(z.strictObject({}), () => 'is no longer away'),
  'notices.quiet-hours-set': define(
    z.strictObject({ from: text, until: text, days: z.array(text), zone: text }),
    (d) => `set quiet hours from ${d.from} until ${d.until} (${d.zone}), beginning on ${d.days.join(', ')}`,
  ),
  'notices.quiet-hours-ended': define(z.strictObject({}), () => 'ended the quiet hours'),
  'notices.browser-added': define(
    z.strictObject({ browser: text }),
    (d) => `chose to be notified in a browser: ${d.browser}`,
  ),
  'notices.browser-removed': define(
    z.strictObject({ browser: text }),
    (d) => `is no longer notified in a browser: ${d.browser}`,
  ),
  'notices.sent-again': define(
    z.strictObject({ channel: text, count: z.int() }),
    (d) => `sent ${d.count === 1 ? '1 notice' : `${d.count} notices`} again: ${d.channel}`,
  ),
  'notices.send-again-refused': define(
    refusal.extend({ channel: text }),
    (d) => `tried to send notices again and was refused: ${d.sentence}`,
  ),

  'rota.failed': define(
    z.strictObject({ rota: text, sentence: text }),
    (d) => `could not read the rota ${d.rota}: ${d.sentence}`,
  ),
  'rota.recovered': define(z.strictObject({ rota: text }), (d) => `read the rota ${d.rota} again`),

  'policy.loaded': define(z.strictObject({ file: text }), () => 'loaded a new configuration'),
  'policy.refused': define(
    z.strictObject({ file: text, line: z.int().nullable(), column: z.int().nullable(), sentence: text }),
    (d) => `refused a changed configuration: ${d.sentence}`,
  ),
} as const

export type AuditEventType = keyof typeof auditEvents
export type AuditEventData<T extends AuditEventType> = z.infer<(typeof auditEvents)[T]['data']>
export const auditEventTypes = Object.keys(auditEvents) as AuditEventType[]

/**
 * The sentence of a recorded event, to follow the actor's name: "revoked the access". Data that does not parse never
 * throws.
 */
export function auditSentence(type: string, data: unknown): string {
  if (!Object.hasOwn(auditEvents, type)) return type
  const definition = auditEvents[type as AuditEventType]
  const parsed = definition.data.safeParse(data)
  return parsed.success ? (definition.sentence as (data: unknown) => string)(parsed.data) : type
}
