import { describe, expect, test } from 'vitest'
import type { GrantStatus } from '#lib/core/access/status'
import { type ObservedObject, toObserved } from './observed.ts'
import { type KnownGrants, overdue, type ProvenGrant, planSweep, questionable } from './sweep-plan.ts'

const grantId = 'grt_01kb0000000000000000000000'
const name = 'postern-01kb0000000000000000000000'
const posternLabels = { 'app.kubernetes.io/managed-by': 'postern', 'postern.dev/grant': grantId }

type Observed = { labels?: Record<string, string>; uid?: string; namespace?: string; expiresAt?: string }
function observedRole(some: Observed = {}) {
  const { labels = posternLabels, uid = 'uid-1', namespace = 'payments', expiresAt = '2026-11-23T10:00:00Z' } = some
  const annotations = { 'postern.dev/expires-at': expiresAt }
  return toObserved('Role', { metadata: { namespace, name, uid, labels, annotations }, rules: [] }) as ObservedObject
}
const role = observedRole()

type Known = {
  status?: GrantStatus
  cluster?: string
  isOverdue?: boolean
  isNew?: boolean
  uid?: string | null
  fingerprint?: string | null
}
const known = (some: Known = {}): KnownGrants => {
  const { status = 'active', cluster = 'prod-eu', isOverdue = false, isNew = false } = some
  const { uid = role.uid, fingerprint = role.fingerprint } = some
  const objects = [{ kind: role.kind, namespace: role.namespace, name, uid, fingerprint }]
  return new Map([[grantId, { status, cluster, isOverdue, isNew, objects }]])
}
/** When the objects say that they expire. */
const end = new Date('2026-11-23T10:00:00Z')
const later = (seconds: number) => new Date(end.getTime() + seconds * 1000)
type Facts = { now?: Date; proof?: ProvenGrant }
const planOf = (observed: ObservedObject[], grants: KnownGrants, { now = end, proof }: Facts = {}) => {
  const proven = new Map(proof ? [[grantId, proof]] : [])
  const { strays, toInspect } = planSweep(observed, { cluster: 'prod-eu', now, known: grants, proven })
  return { strays: strays.map(({ why }) => why), toInspect }
}
const nothing = { strays: [], toInspect: [] }
const inspection = { strays: [], toInspect: [grantId] }

describe('strays', () => {
  test.each<[string, ObservedObject, KnownGrants, string]>([
    [
      'an object of a grant whose row says that it ended',
      role,
      known({ status: 'ended' }),
      'its grant is recorded as ended, but Postern did not end it',
    ],
    [
      'an object of a grant that should have ended minutes ago',
      role,
      known({ isOverdue: true }),
      'its grant should have ended minutes ago',
    ],
    ['an object of a grant that does not exist', role, new Map(), 'no grant has this id'],
    [
      'an object with Postern’s label that names no grant',
      observedRole({ labels: { 'app.kubernetes.io/managed-by': 'postern' } }),
      new Map(),
      'its label does not name a grant',
    ],
    [
      'an object that its grant does not include',
      observedRole({ namespace: 'checkout' }),
      known({ status: 'pending' }),
      'its grant does not include this object',
    ],
    [
      'an object of a grant in another cluster',
      role,
      known({ cluster: 'staging' }),
      'its grant belongs to another cluster',
    ],
  ])('%s is a stray', (_what, object, grants, why) => {
    expect(planOf([object], grants)).toEqual({ strays: [why], toInspect: [] })
  })
  test.each<GrantStatus>(['pending', 'active', 'ending'])(
    'a recorded object of a grant that is %s is kept',
    (status) => {
      expect(planOf([role], known({ status }))).toEqual(nothing)
    },
  )
})

test('strays of different namespaces take turns, so that one whose calls hang keeps no other waiting', () => {
  const namespaces = ['a', 'a', 'a', 'b', 'c', 'c']
  const observed = namespaces.map((namespace, index) => observedRole({ namespace, uid: `uid-${index}` }))
  const { strays } = planSweep(observed, { cluster: 'prod-eu', now: end, known: new Map(), proven: new Map() })
  expect(strays.map(({ object }) => object.namespace)).toEqual(['a', 'b', 'c', 'a', 'c', 'a'])
})

describe('signatures decide where rows and objects contradict each other', () => {
  const unproven: ProvenGrant = { expiresAt: null, isEnded: false }
  const statuses: GrantStatus[] = ['pending', 'active', 'ending']

  test('an object of a grant that a worker ended is a stray', () => {
    const proof = { expiresAt: null, isEnded: true }
    expect(planOf([role], known({ status: 'ended' }), { proof }).strays).toEqual(['its grant has ended'])
  })
  test.each(statuses)('an object whose annotated end has passed is a stray although its grant is %s', (status) => {
    const strays = ['the end in its annotation has passed']
    expect(planOf([role], known({ status }), { now: later(61) }).strays).toEqual(strays)
    expect(planOf([role], known({ status }), { now: later(61), proof: unproven }).strays).toEqual(strays)
  })
  test('an object is kept for a minute after its annotated end, because its grant ends then', () => {
    expect(planOf([role], known({ status: 'ending' }), { now: later(60) })).toEqual(nothing)
  })
  test('an object whose annotation someone moved back is inspected while the signed end lies ahead', () => {
    const moved = observedRole({ expiresAt: '2001-01-01T00:00:00Z' })
    expect(planOf([moved], known(), { proof: { expiresAt: later(1), isEnded: false } })).toEqual(inspection)
    expect(planOf([moved], known(), { proof: { expiresAt: end, isEnded: false } }).strays).toHaveLength(1)
  })
  test('signatures are needed only for grants that should have no objects by now', () => {
    expect(questionable([role], known(), later(60))).toEqual([])
    expect(questionable([role], known(), later(61))).toEqual([grantId])
    expect(questionable([role, role], known({ status: 'ended' }), end)).toEqual([grantId])
    expect(questionable([role], known({ isOverdue: true }), end)).toEqual([grantId])
    expect(questionable([], known({ status: 'ended' }), later(61))).toEqual([])
    expect(questionable([role], new Map(), later(61))).toEqual([])
  })
})

describe('inspections', () => {
  test.each<[string, ObservedObject[], Known]>([
    ['an object is missing', [], {}],
    ['another object has its name', [observedRole({ uid: 'uid-2' })], {}],
    ['an annotation was changed', [observedRole({ expiresAt: '2027-01-01T00:00:00Z' })], {}],
    ['no fingerprint was recorded', [role], { fingerprint: null }],
    ['no uid was recorded', [role], { uid: null }],
  ])('an active grant is inspected if %s', (_when, observed, some) => {
    expect(planOf(observed, known(some))).toEqual(inspection)
  })
  test('an active grant is inspected if one object is missing and another was observed twice', () => {
    const [[id, grant] = []] = known()
    const objects = [...(grant?.objects ?? []), { ...role, namespace: 'checkout' }]
    expect(planOf([role, role], new Map([[id, { ...grant, objects }]]) as KnownGrants)).toEqual(inspection)
  })
  test.each<GrantStatus>(['pending', 'ending', 'ended'])('a grant that is %s is not inspected', (status) => {
    expect(planOf([], known({ status }))).toEqual(nothing)
  })
  test('a grant of another cluster is not inspected', () => {
    expect(planOf([], known({ cluster: 'staging' }))).toEqual(nothing)
  })
  test('a grant that became active while the cluster was read is left to the next sweep', () => {
    expect(planOf([], known({ isNew: true }))).toEqual(nothing)
    expect(planOf([observedRole({ namespace: 'checkout' })], known({ isNew: true })).strays).toHaveLength(1)
  })
})

describe('objects that have expired by their own annotation', () => {
  const now = new Date('2026-11-23T10:00:00Z')
  test('an object is overdue exactly at the time in its annotation', () => {
    expect(overdue([role, observedRole({ expiresAt: '2026-11-23T10:00:01Z' })], now)).toEqual([role])
  })
  test.each(['', 'never', '99999-01-01'])(
    'an object is not overdue if its annotation is not a time: "%s"',
    (expiresAt) => {
      expect(overdue([observedRole({ expiresAt })], now)).toEqual([])
    },
  )
  test('overdue bindings come before other objects', () => {
    const binding: ObservedObject = { ...role, kind: 'RoleBinding' }
    expect(overdue([role, binding], now)).toEqual([binding, role])
  })
})
