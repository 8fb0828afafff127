import { describe, expect, test } from 'vitest'
import { type ObjectKey, objectKinds } from './manifests.ts'
import { type GrantWorld, plan, type RecordedObject } from './plan.ts'
import { handOverSeconds, tokenCacheSeconds } from './token-lifetime.ts'

const now = new Date('2026-11-23T10:00:00Z')
const later = new Date('2026-11-23T10:00:01Z')
const earlier = new Date('2026-11-23T09:59:59Z')

const account: ObjectKey = { kind: 'ServiceAccount', namespace: 'postern-grants', name: 'postern-x' }
const role: ObjectKey = { kind: 'Role', namespace: 'payments', name: 'postern-x' }
const binding: ObjectKey = { kind: 'RoleBinding', namespace: 'payments', name: 'postern-x' }
const desired = [account, role, binding]

const intended = (key: ObjectKey): RecordedObject => ({ ...key, uid: null, removedAt: null })
const created = (key: ObjectKey): RecordedObject => ({ ...key, uid: `uid-${key.kind}`, removedAt: null })
const deleted = (key: ObjectKey): RecordedObject => ({ ...key, uid: `uid-${key.kind}`, removedAt: earlier })

const world = (some: Partial<GrantWorld>): GrantWorld => ({
  status: 'pending',
  startsAt: null,
  expiresAt: null,
  desired,
  recorded: [],
  ...some,
})

describe('a pending grant', () => {
  test('a pending grant waits for its start', () => {
    expect(plan(world({ startsAt: later }), now)).toEqual({ do: 'wait', until: later })
  })
  test('a pending grant begins exactly at its start', () => {
    expect(plan(world({ startsAt: now }), now)).toMatchObject({ do: 'record-intent' })
  })
  test('every name is recorded before any object is created', () => {
    expect(plan(world({}), now)).toEqual({ do: 'record-intent', objects: desired })
  })
  test('names that a crash left unrecorded are recorded before any object is created', () => {
    expect(plan(world({ recorded: [created(account)] }), now)).toEqual({
      do: 'record-intent',
      objects: [role, binding],
    })
  })
  test('recorded objects are created', () => {
    expect(plan(world({ recorded: desired.map(intended) }), now)).toEqual({ do: 'create', objects: desired })
  })
  test('after a crash only objects without a recorded uid are created', () => {
    const recorded = [created(account), created(role), intended(binding)]
    expect(plan(world({ recorded }), now)).toEqual({ do: 'create', objects: [binding] })
  })
  test('a grant becomes active only after a probe', () => {
    expect(plan(world({ recorded: desired.map(created) }), now)).toEqual({ do: 'probe-allowed' })
  })
})

describe('an active grant', () => {
  test('an active grant is inspected until it expires', () => {
    expect(plan(world({ status: 'active', expiresAt: later }), now)).toEqual({ do: 'inspect', until: later })
  })
  test('an active grant ends exactly when it expires', () => {
    expect(plan(world({ status: 'active', expiresAt: now }), now)).toEqual({ do: 'end', endedBy: 'expiry' })
  })
  test('an active grant without an expiry time ends', () => {
    expect(plan(world({ status: 'active', expiresAt: null }), now)).toEqual({ do: 'end', endedBy: 'expiry' })
  })
})

describe('an ending grant', () => {
  const ending = (recorded: RecordedObject[]) => plan(world({ status: 'ending', expiresAt: later, recorded }), now)
  test('the bindings are deleted before the other objects', () => {
    expect(ending(desired.map(created))).toEqual({
      do: 'end-access',
      bindings: [created(binding)],
      rest: [created(account), created(role)],
    })
  })
  test('an object whose creation was not recorded is deleted too: a crashed worker may have created it', () => {
    expect(ending([created(account), intended(role), intended(binding)])).toEqual({
      do: 'end-access',
      bindings: [intended(binding)],
      rest: [created(account), intended(role)],
    })
  })
  test('a recorded object is deleted even if the terms no longer include it', () => {
    const other = created({ ...binding, namespace: 'checkout' })
    expect(ending([other])).toEqual({ do: 'end-access', bindings: [other], rest: [] })
  })
  test('an object that is recorded as deleted is deleted again: the record alone proves nothing', () => {
    expect(ending(desired.map(deleted))).toEqual({
      do: 'end-access',
      bindings: [deleted(binding)],
      rest: [deleted(account), deleted(role)],
    })
  })
  test('access without any recorded object ends too', () => {
    expect(ending([])).toEqual({ do: 'end-access', bindings: [], rest: [] })
  })
  test('an object of any kind is deleted', () => {
    for (const kind of objectKinds) {
      const object = created({ kind, namespace: 'payments', name: 'postern-x' })
      const step = ending([object])
      expect(step.do === 'end-access' && [...step.bindings, ...step.rest]).toEqual([object])
    }
  })
})

describe('extended access', () => {
  const seconds = (count: number) => new Date(now.getTime() + count * 1000)
  const end = seconds(1000)
  const accountGone = (secondsAgo: number) => [
    { ...created(account), removedAt: seconds(-secondsAgo) },
    created(role),
    created(binding),
  ]
  const extended = (sinceSeconds: number, some: Partial<GrantWorld> = {}) =>
    plan(
      world({
        ...{ status: 'ending', expiresAt: end, extendedAt: seconds(-sinceSeconds), recorded: desired.map(created) },
        ...some,
      }),
      now,
    )
  const otherwise = { do: 'end-access', bindings: [created(binding)], rest: [created(account), created(role)] }

  test('its tokens go on working until every program has asked for new ones', () => {
    expect(extended(0)).toEqual({ do: 'wait', until: seconds(handOverSeconds) })
    expect(extended(handOverSeconds - 1)).toEqual({ do: 'wait', until: seconds(1) })
  })
  test('then its ServiceAccount is deleted, and nothing else', () => {
    expect(extended(handOverSeconds)).toEqual({ do: 'end-tokens', accounts: [created(account)], otherwise })
  })
  test('its bindings stay until the cluster no longer accepts its tokens', () => {
    const recorded = accountGone(tokenCacheSeconds - 1)
    expect(extended(60, { recorded })).toEqual({ do: 'wait', until: seconds(1) })
    expect(extended(60, { recorded: accountGone(tokenCacheSeconds) })).toMatchObject({ do: 'end-access' })
  })
  test('a recorded deletion that is not over yet keeps no binding', () => {
    expect(extended(60, { recorded: accountGone(-3600) })).toMatchObject({ do: 'end-access' })
  })
  test('nothing waits past its own end', () => {
    expect(extended(0, { expiresAt: seconds(3) })).toEqual({ do: 'wait', until: seconds(3) })
    expect(extended(60, { expiresAt: seconds(3), recorded: accountGone(1) })).toEqual({ do: 'wait', until: seconds(3) })
    expect(extended(0, { expiresAt: now })).toEqual(otherwise)
    expect(extended(0, { expiresAt: null })).toEqual(otherwise)
  })
  test('without an active extension it ends as any other access', () => {
    expect(extended(0, { extendedAt: null })).toEqual(otherwise)
  })
})

test('an ended grant needs no further step', () => {
  expect(plan(world({ status: 'ended', recorded: desired.map(deleted) }), now)).toEqual({ do: 'wait', until: null })
})
