import { describe, expect, test } from 'vitest'
import { type ObjectKey, objectKinds } from './manifests.ts'
import { type GrantWorld, plan, type RecordedObject } from './plan.ts'

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

test('an ended grant needs no further step', () => {
  expect(plan(world({ status: 'ended', recorded: desired.map(deleted) }), now)).toEqual({ do: 'wait', until: null })
})
