import { describe, expect, test } from 'vitest'
import { type AuditEventType, auditEvents, auditEventTypes, auditSentence } from './events.ts'

/** Data of each type as it is recorded. A new type has to be added here to compile. */
const examples: { [T in AuditEventType]: unknown } = {
  'session.started': { groups: ['payments-dev'] },
  'session.ended': {},
  'sessions.ended': { count: 2 },
  'session.refused': { code: 'nonce', sentence: 'The nonce does not match.' },
  'session.groups-changed': { gained: ['sre'], lost: ['payments-dev'] },
  'session.groups-missing': { problem: 'absent', claim: 'groups', received: ['sub', 'realm_access.roles'] },
  'bearer.refused': { code: 'expired', sentence: 'The token has expired.' },
  'request.submitted': { entitlement: 'logs', durationSeconds: 60, digest: 'sha256:0', reason: 'r', ticket: null },
  'request.refused': {
    entitlement: 'logs',
    code: 'c',
    sentence: 's',
    errors: [{ pointer: '', message: 'm', code: 'c' }],
    matched: ['c'],
  },
  'request.approved': { digest: 'sha256:0', automatic: true },
  'review.recorded': { outcome: 'not-justified', note: 'nothing was broken' },
  'review.refused': { code: 'own-request', sentence: 's' },
  'comment.added': { id: 'cmt_x', text: 'which pods?', needsInformation: true },
  'comment.refused': { code: 'not-pending', sentence: 's' },
  'request.denied': { note: null },
  'request.withdrawn': {},
  'request.withdrawal-refused': { code: 'forbidden', sentence: 's' },
  'request.lapsed': {},
  'request.reminded': { groups: ['sre'], afterSeconds: 600 },
  'request.escalated': { from: ['sre'], to: ['on-call:platform'], afterSeconds: 900 },
  'request.narrowed': { digest: 'sha256:0', result: 'sha256:1' },
  'decision.made': { decision: 'approve', digest: 'sha256:0', note: null, groups: ['sre'] },
  'decision.refused': { code: 'own-request', sentence: 's' },
  'grant.intent-recorded': { objects: [{ kind: 'Role', namespace: 'a', name: 'b' }] },
  'grant.object-created': { kind: 'Role', namespace: 'a', name: 'b', uid: 'u' },
  'grant.active': { expiresAt: '2026-11-23T09:00:00Z', probes: 3 },
  'grant.failed': { code: 'refused', sentence: 's' },
  'grant.ending': { endedBy: 'revocation', note: 'why' },
  'grant.object-deleted': { kind: 'Role', namespace: 'a', name: 'b', uid: null },
  'grant.ended': { endedBy: 'expiry', probes: 3 },
  'grants.revoked': {
    ...{ by: 'person', name: 'per_1', label: 'Mina Okafor', note: 'why' },
    grants: [{ id: 'grt_1', requestId: 'req_1', holder: 'Mina Okafor' }],
  },
  'grants.revocation-refused': { code: 'forbidden', sentence: 's', by: 'cluster', name: 'prod-eu' },
  'grant.revocation-refused': { code: 'forbidden', sentence: 's' },
  'grant.stray-deleted': { kind: 'Role', namespace: 'a', name: 'b', uid: 'u', why: 'no grant owns it' },
  'grant.repaired': { kind: 'Role', namespace: 'a', name: 'b', why: 'was deleted' },
  'grant.repair-failed': { code: 'object-foreign', sentence: 's' },
  'grant.overdue-deleted': {
    ...{ kind: 'Role', namespace: 'a', name: 'b', uid: 'u' },
    ...{ expiresAt: '2026-11-23T09:00:00Z', removedAt: '2026-11-23T09:00:05Z' },
  },
  'finding.detected': {
    ...{ id: 'f', kind: 'object-missing', object: 'Role', namespace: 'a', name: 'b', uid: null, sentence: 's' },
  },
  'posture.recorded': { high: 2, medium: 3 },
  'posture.opened': {
    ...{
      id: 'f',
      check: 'everything',
      severity: 'high',
      binding: 'ClusterRoleBinding helper',
      role: 'ClusterRole admin',
    },
    ...{ subjects: ['ServiceAccount payments/api'], sentence: 'Can do everything.' },
  },
  'posture.resolved': { id: 'f', check: 'everything', severity: 'high', binding: 'ClusterRoleBinding helper' },
  'credential.requested': {},
  'credential.issued': { jti: 'j', expiresAt: '2026-11-23T09:00:00Z' },
  'credential.refused': { code: 'over', sentence: 's' },
  'record.rejected': { record: 'decision', id: 'dec_x', code: 'mismatch', sentence: 's' },
  'notices.preferences-changed': { muted: ['access-ended'] },
  'notices.sent-again': { channel: 'email', count: 2 },
  'notices.send-again-refused': { code: 'forbidden', sentence: 's', channel: 'email' },
  'rota.failed': { rota: 'payments', sentence: 's' },
  'rota.recovered': { rota: 'payments' },
  'policy.loaded': { file: '/etc/postern/postern.yaml' },
  'policy.refused': { file: '/etc/postern/postern.yaml', line: 3, column: 1, sentence: 's' },
}

describe.each(auditEventTypes)('%s', (type) => {
  test(`${type} is a noun and a past verb, accepts its data and has a sentence`, () => {
    expect(type).toMatch(/^[a-z]+\.[a-z]+(-[a-z]+)*$/)
    expect(auditEvents[type].data.safeParse(examples[type]).error).toBeUndefined()
    const sentence = auditSentence(type, examples[type])
    expect(sentence).not.toBe(type)
    expect(sentence).not.toMatch(/undefined|\[object|null/)
  })

  test(`${type} refuses a field that its schema does not name`, () => {
    const more = { ...(examples[type] as object), token: 'eyJhbGciOi' }
    expect(auditEvents[type].data.safeParse(more).success).toBe(false)
  })
})

test('no event has a field for a token, a password, a secret or a key', () => {
  for (const type of auditEventTypes)
    expect(Object.keys(auditEvents[type].data.shape).join()).not.toMatch(/token|password|secret|key/i)
})

test.each([
  ['grant.ending', null],
  ['grant.ending', { endedBy: 'later-reason' }],
  ['a.later-type', {}],
  ['__proto__', {}],
  ['constructor', {}],
])('an event that cannot be read is shown as its type: %s with %j', (type, data) => {
  expect(auditSentence(type, data)).toBe(type)
})
