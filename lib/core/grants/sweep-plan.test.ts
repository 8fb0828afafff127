import { describe, expect, it } from 'vitest'
import type { GrantStatus } from '#lib/core/access/status'
import { type ObservedObject, toObserved } from './observed.ts'
import { type KnownGrants, overdue, planSweep } from './sweep-plan.ts'

const grantId = 'grt_01kb0000000000000000000000'
const name = 'postern-01kb0000000000000000000000'
const ours = { 'app.kubernetes.io/managed-by': 'postern', 'postern.dev/grant': grantId }

function seen(some: { labels?: Record<string, string>; uid?: string; namespace?: string; end?: string } = {}) {
  const { labels = ours, uid = 'uid-1', namespace = 'payments', end = '2026-11-23T10:00:00Z' } = some
  const annotations = { 'postern.dev/expires-at': end }
  return toObserved('Role', { metadata: { namespace, name, uid, labels, annotations }, rules: [] }) as ObservedObject
}
const right = seen()

type Known = {
  status?: GrantStatus
  cluster?: string
  isLate?: boolean
  isNew?: boolean
  uid?: string | null
  fingerprint?: string | null
}
const known = (some: Known = {}): KnownGrants => {
  const { status = 'active', cluster = 'prod-eu', isLate = false, isNew = false } = some
  const { uid = right.uid, fingerprint = right.fingerprint } = some
  const objects = [{ kind: right.kind, namespace: right.namespace, name, uid, fingerprint }]
  return new Map([[grantId, { status, cluster, isLate, isNew, objects }]])
}
const planOf = (observed: ObservedObject[], grants: KnownGrants) => {
  const { strays, doubtful } = planSweep(observed, grants, 'prod-eu')
  return { strays: strays.map(({ why }) => why), doubtful }
}
const nothing = { strays: [], doubtful: [] }
const doubt = { strays: [], doubtful: [grantId] }

describe('what may not be there', () => {
  it.each<[string, ObservedObject, KnownGrants, string]>([
    ['what belongs to an ended grant', right, known({ status: 'ended' }), 'its grant has ended'],
    [
      'what should have gone minutes ago',
      right,
      known({ isLate: true }),
      'its grant should have ended minutes ago, and something holds that up',
    ],
    ['what names a grant that is not on record', right, new Map(), 'no grant with this id is on record'],
    [
      'what carries our label and names no grant',
      seen({ labels: { 'app.kubernetes.io/managed-by': 'postern' } }),
      new Map(),
      'its label names no grant',
    ],
    [
      'what wears the label of a grant without being on its record',
      seen({ namespace: 'checkout' }),
      known({ status: 'pending' }),
      'its grant does not have this object',
    ],
    [
      'what wears the label of a grant in another cluster',
      right,
      known({ cluster: 'staging' }),
      'its grant belongs to another cluster',
    ],
  ])('%s goes', (_what, object, grants, why) => {
    expect(planOf([object], grants)).toEqual({ strays: [why], doubtful: [] })
  })
  it.each<GrantStatus>(['pending', 'active', 'ending'])('what a grant that is %s has on record stays', (status) => {
    expect(planOf([right], known({ status }))).toEqual(nothing)
  })
})

describe('a live grant is looked at', () => {
  it.each<[string, ObservedObject[], Known]>([
    ['when an object of it is not there', [], {}],
    ['when another one has its name', [seen({ uid: 'uid-2' })], {}],
    ['when it says something else about itself', [seen({ end: '2027-01-01T00:00:00Z' })], {}],
    ['when nobody knows how it was made', [right], { fingerprint: null }],
    ['when nobody saw it made', [right], { uid: null }],
  ])('%s', (_when, observed, some) => {
    expect(planOf(observed, known(some))).toEqual(doubt)
  })
  it('when one of its objects is not there, though another one is seen twice', () => {
    const [[id, grant] = []] = known()
    const objects = [...(grant?.objects ?? []), { ...right, namespace: 'checkout' }]
    expect(planOf([right, right], new Map([[id, { ...grant, objects }]]) as KnownGrants)).toEqual(doubt)
  })
  it.each<GrantStatus>(['pending', 'ending', 'ended'])('and not while it is %s: others are at it', (status) => {
    expect(planOf([], known({ status }))).toEqual(nothing)
  })
  it('and not where it is another cluster’s', () => {
    expect(planOf([], known({ cluster: 'staging' }))).toEqual(nothing)
  })

  it('not when its access began while the cluster was being read: the next sweep sees it whole', () => {
    expect(planOf([], known({ isNew: true }))).toEqual(nothing)
    expect(planOf([seen({ namespace: 'checkout' })], known({ isNew: true })).strays).toHaveLength(1)
  })
})

describe('what is over by its own word', () => {
  const now = new Date('2026-11-23T10:00:00Z')
  it('is over at the moment it says, not after it', () => {
    expect(overdue([right, seen({ end: '2026-11-23T10:00:01Z' })], now)).toEqual([right])
  })
  it.each(['', 'never', '99999-01-01'])('is not what says nothing that can be read: %s', (end) => {
    expect(overdue([seen({ end })], now)).toEqual([])
  })
  it('goes with its bindings first', () => {
    const binding: ObservedObject = { ...right, kind: 'RoleBinding' }
    expect(overdue([right, binding], now)).toEqual([binding, right])
  })
})
