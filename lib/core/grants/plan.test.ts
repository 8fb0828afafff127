import { describe, expect, it } from 'vitest'
import { type ObjectKey, objectKinds } from './manifests.ts'
import { type GrantWorld, plan, type RecordedObject } from './plan.ts'

const now = new Date('2026-11-23T10:00:00Z')
const later = new Date('2026-11-23T10:00:01Z')
const earlier = new Date('2026-11-23T09:59:59Z')

const account: ObjectKey = { kind: 'ServiceAccount', namespace: 'postern-grants', name: 'postern-x' }
const role: ObjectKey = { kind: 'Role', namespace: 'payments', name: 'postern-x' }
const binding: ObjectKey = { kind: 'RoleBinding', namespace: 'payments', name: 'postern-x' }
const wanted = [account, role, binding]

const wished = (key: ObjectKey): RecordedObject => ({ ...key, uid: null, removedAt: null })
const made = (key: ObjectKey): RecordedObject => ({ ...key, uid: `uid-${key.kind}`, removedAt: null })
const gone = (key: ObjectKey): RecordedObject => ({ ...key, uid: `uid-${key.kind}`, removedAt: earlier })

const world = (some: Partial<GrantWorld>): GrantWorld => ({
  status: 'pending',
  startsAt: null,
  expiresAt: null,
  wanted,
  recorded: [],
  ...some,
})

describe('a pending grant', () => {
  it('waits for its start', () => {
    expect(plan(world({ startsAt: later }), now)).toEqual({ do: 'wait', until: later })
  })
  it('begins at its start, not after it', () => {
    expect(plan(world({ startsAt: now }), now)).toMatchObject({ do: 'wish' })
  })
  it('commits every name before anything is made', () => {
    expect(plan(world({}), now)).toEqual({ do: 'wish', objects: wanted })
  })
  it('commits the names that a crash left out, and makes nothing until then', () => {
    expect(plan(world({ recorded: [made(account)] }), now)).toEqual({ do: 'wish', objects: [role, binding] })
  })
  it('makes what was wished for', () => {
    expect(plan(world({ recorded: wanted.map(wished) }), now)).toEqual({ do: 'make', objects: wanted })
  })
  it('after a crash makes only what nobody saw made', () => {
    const recorded = [made(account), made(role), wished(binding)]
    expect(plan(world({ recorded }), now)).toEqual({ do: 'make', objects: [binding] })
  })
  it('is active only after the cluster was asked', () => {
    expect(plan(world({ recorded: wanted.map(made) }), now)).toEqual({ do: 'prove-allowed' })
  })
})

describe('an active grant', () => {
  it('is looked at whenever its turn comes before its end', () => {
    expect(plan(world({ status: 'active', expiresAt: later }), now)).toEqual({ do: 'inspect', until: later })
  })
  it('ends at its end, not after it', () => {
    expect(plan(world({ status: 'active', expiresAt: now }), now)).toEqual({ do: 'end', endedBy: 'expiry' })
  })
  it('ends when nobody knows its end', () => {
    expect(plan(world({ status: 'active', expiresAt: null }), now)).toEqual({ do: 'end', endedBy: 'expiry' })
  })
})

describe('an ending grant', () => {
  const ending = (recorded: RecordedObject[]) => plan(world({ status: 'ending', expiresAt: later, recorded }), now)
  it('loses its bindings before anything else', () => {
    expect(ending(wanted.map(made))).toEqual({ do: 'remove', objects: [made(binding)] })
  })
  it('then loses everything else at once, while the cluster is asked', () => {
    expect(ending([made(account), made(role), gone(binding)])).toEqual({
      do: 'prove-denied',
      remove: [made(account), made(role)],
    })
  })
  it('removes what was only wished for: it may have been made by somebody who died before saying so', () => {
    expect(ending([made(account), wished(role), wished(binding)])).toEqual({ do: 'remove', objects: [wished(binding)] })
  })
  it('removes what it is recorded to have, whatever the terms say now', () => {
    const other = made({ ...binding, namespace: 'checkout' })
    expect(ending([other])).toEqual({ do: 'remove', objects: [other] })
  })
  it('is only proven when everything is gone', () => {
    expect(ending(wanted.map(gone))).toEqual({ do: 'prove-denied', remove: [] })
  })
  it('is proven too when nothing was ever made', () => {
    expect(ending([])).toEqual({ do: 'prove-denied', remove: [] })
  })
  it('is not asked about while any binding is left', () => {
    expect(ending([gone(account), gone(role), made(binding)])).toMatchObject({ do: 'remove' })
  })
  it('has a turn for every kind of object', () => {
    for (const kind of objectKinds) {
      const object = made({ kind, namespace: 'payments', name: 'postern-x' })
      const step = ending([object])
      expect(step.do === 'remove' ? step.objects : step.do === 'prove-denied' && step.remove).toEqual([object])
    }
  })
})

it('an ended grant is left alone for ever', () => {
  expect(plan(world({ status: 'ended', recorded: wanted.map(gone) }), now)).toEqual({ do: 'wait', until: null })
})
