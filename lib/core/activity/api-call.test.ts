import { describe, expect, test } from 'vitest'
import { userName } from '#lib/core/grants/names'
import { anAuditEvent, userOfGrant } from '#testing/audit-events'
import { readEvent } from './api-call.ts'
import { readBatch } from './read-batch.ts'

const grantId = 'grt_01m8cp5h07yyvdj2pr0exf7env'
const ofGrant = (overrides = {}) => anAuditEvent({ user: userOfGrant(grantId, 'a-jti'), ...overrides })
const read = (event: object) => readEvent('prod-eu', event)

describe('one event', () => {
  test('a call of a grant is kept with what was called, by which token, from where, with which program', () => {
    expect(read(ofGrant()).call).toMatchObject({
      ...{ kind: 'grant', verb: 'list', group: '', resource: 'pods', namespace: 'payments', name: '', code: 200 },
      source: {
        account: 'system:serviceaccount:postern-grants:postern-01m8cp5h07yyvdj2pr0exf7env',
        ...{ credentialId: 'a-jti', address: '192.0.2.30', forwardedFor: null },
      },
    })
  })

  test('a call of a user for whom Postern vouches is one of a grant, and one of a similar name is not', () => {
    const kindAs = (username: string) => read(ofGrant({ user: { username } })).call?.kind
    expect(kindAs('postern:grant:grt_01m8cp5h07yyvdj2pr0exf7env')).toBe('grant')
    expect(kindAs('postern:grant:grt_01m8cp5h07yyvdj2pr0exf7env:x')).not.toBe('grant')
  })

  test('of several addresses only the last, which the API server saw, counts as the source', () => {
    const call = read(ofGrant({ sourceIPs: ['203.0.113.1', '198.51.100.2', '192.0.2.30'] })).call
    expect(call?.source).toMatchObject({ address: '192.0.2.30', forwardedFor: '203.0.113.1, 198.51.100.2' })
  })

  test('a call into a pod is kept with its command, and no other call with its query', () => {
    const uri = '/api/v1/namespaces/payments/pods/api/exec?command=cat&command=%2Fetc%2Fpasswd'
    const objectRef = { resource: 'pods', subresource: 'exec', namespace: 'payments', name: 'api' }
    expect(read(ofGrant({ requestURI: uri, objectRef })).call?.query).toBe('command=cat&command=%2Fetc%2Fpasswd')
    expect(read(ofGrant()).call?.query).toBe(null)
  })

  test('the begin and the end of one call have the same id, and so has a call that is sent again', () => {
    const end = ofGrant()
    const begin = { ...end, stage: 'ResponseStarted' }
    const [one, other] = [read(begin).call, read(end).call]
    expect([one?.isStart, other?.isStart]).toEqual([true, false])
    expect(one?.id).toBe(other?.id)
    expect(read(structuredClone(end)).call?.id).toBe(other?.id)
  })

  test('a client that chooses the ID of an earlier call does not hide another call behind it', () => {
    const harmless = ofGrant({ auditID: 'chosen' })
    const others = [
      { ...harmless, verb: 'delete' },
      { ...harmless, requestURI: '/api/v1/namespaces/payments/secrets/key' },
      { ...harmless, requestReceivedTimestamp: '2026-11-26T22:10:00.000001Z' },
      { ...harmless, user: { username: 'someone else' } },
    ]
    const ids = [harmless, ...others].map((event) => read(event).call?.id)
    expect(new Set(ids).size).toBe(5)
  })

  test.each([
    ['a list', []],
    ['null', null],
    ['text', 'x'],
    ['an event without an ID', ofGrant({ auditID: undefined })],
    ['an unknown stage', ofGrant({ stage: 'Later' })],
    ['a time that is none', ofGrant({ requestReceivedTimestamp: 'yesterday' })],
    ['a time of another age', ofGrant({ stageTimestamp: '0001-01-01T00:00:00Z' })],
    ['a user that is a number', ofGrant({ user: 7 })],
  ])('an event that cannot be read is set aside with its reason: %s', (_, event) => {
    const { call, rejected } = readEvent('prod-eu', event)
    expect(call).toBeUndefined()
    expect(rejected?.reason).toMatch(/^\S+: \S/)
  })

  test('nothing that a client chooses makes an event unreadable: a long or strange text is shortened and made storable', () => {
    const long = 'x'.repeat(100_000)
    const strange = 'a\0b\ud800c\u202ed'
    const event = ofGrant({
      ...{ auditID: long, verb: strange, userAgent: long, requestURI: `/${strange}`, sourceIPs: [long, strange] },
      impersonatedUser: { username: long },
      objectRef: { resource: long, namespace: strange, name: long, apiGroup: strange, subresource: 'exec' },
    })
    const { call } = read(event)
    const texts = JSON.stringify(call)
    expect(texts.length).toBeLessThan(5_000)
    expect(texts).not.toContain('\\u0000')
    expect(texts.isWellFormed()).toBe(true)
    expect(call?.namespace).toBe('a\ufffdb\ufffdc\u202ed')
  })
})

describe('what is kept', () => {
  const kindOf = (overrides: Record<string, unknown>) => read(anAuditEvent(overrides)).call?.kind
  const rbac = { apiGroup: 'rbac.authorization.k8s.io', resource: 'rolebindings', namespace: 'payments', name: 'x' }
  const secret = { resource: 'secrets', namespace: 'payments', name: 'key' }
  const admission = { apiGroup: 'admissionregistration.k8s.io', resource: 'validatingadmissionpolicies', name: 'x' }
  const token = { resource: 'serviceaccounts', subresource: 'token', namespace: 'payments', name: 'x' }
  const account = { resource: 'serviceaccounts', namespace: 'postern-grants', name: 'x' }

  test.each([
    ['an ordinary call', {}, 'other'],
    ['a change of access', { verb: 'create', objectRef: rbac }, 'rbac'],
    ['reading access', { verb: 'get', objectRef: rbac }, 'other'],
    ['a change of admission', { verb: 'patch', objectRef: admission }, 'admission'],
    ['a request for a token', { verb: 'create', objectRef: token }, 'token'],
    ['a person who reads a secret', { verb: 'get', objectRef: secret }, 'secret'],
    [
      'the control plane that reads a secret',
      { verb: 'get', objectRef: secret, user: { username: 'system:kube-controller-manager' } },
      'other',
    ],
    [
      'a person of a distribution whose name begins as that of the control plane, who reads a secret',
      { verb: 'get', objectRef: secret, user: { username: 'system:admin' } },
      'secret',
    ],
    ['a ServiceAccount in the namespace of the grants', { verb: 'create', objectRef: account }, 'postern'],
    ['refused credentials', { user: {}, responseStatus: { code: 401 } }, 'authentication'],
    ['an anonymous call', { user: { username: 'system:anonymous' }, responseStatus: { code: 403 } }, 'authentication'],
    [
      'an anonymous health check',
      { user: { username: 'system:anonymous' }, requestURI: '/readyz/etcd?verbose', objectRef: undefined },
      'other',
    ],
    ['a call of a grant', { user: userOfGrant(grantId, 'jti') }, 'grant'],
    ['a person who impersonates the account of a grant', { impersonatedUser: userOfGrant(grantId, null) }, 'grant'],
    ['a grant that reads a secret', { user: userOfGrant(grantId, 'jti'), objectRef: secret }, 'secret'],
    ['a call that was only received', { user: userOfGrant(grantId, 'jti'), stage: 'RequestReceived' }, 'received'],
  ])('%s', (_, overrides, kind) => {
    expect(kindOf(overrides)).toBe(kind)
  })

  test('the changed object is kept for changes of access, without the fields of managers', () => {
    const responseObject = { kind: 'RoleBinding', metadata: { name: 'x', managedFields: [{}] }, subjects: ['a\0'] }
    const change = { verb: 'create', objectRef: rbac, responseStatus: { code: 201 }, responseObject }
    expect(read(anAuditEvent(change)).call?.body).toEqual({
      ...{ kind: 'RoleBinding', metadata: { name: 'x' }, subjects: ['a\ufffd'] },
    })
    expect(read(ofGrant({ objectRef: secret, responseObject: { data: 'hidden' } })).call?.body).toBe(null)
  })
})

test('a batch keeps each call once, counts the rest, and sets what it cannot read aside', () => {
  const call = ofGrant()
  const batch = readBatch('prod-eu', [call, structuredClone(call), anAuditEvent(), { broken: true }, 7])
  expect(batch).toMatchObject({
    events: 5,
    counted: 1,
    calls: [{ kind: 'grant' }],
    sources: [{ account: userName(grantId) }],
  })
  expect(batch.rejected).toHaveLength(2)
})
