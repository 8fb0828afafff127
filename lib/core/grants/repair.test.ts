import { describe, expect, it } from 'vitest'
import { type GrantFacts, grantObjects, keyOf, keyText, type Manifest } from './manifests.ts'
import { fingerprintOf, type InspectedObject, type ShownObject, toObserved } from './observed.ts'
import type { RecordedObject } from './plan.ts'
import { planRepair, type Repair } from './repair.ts'

const facts: GrantFacts = {
  grantId: 'grt_01kb0000000000000000000000',
  namespaces: ['payments', 'checkout'],
  rules: [{ apiGroups: ['apps'], resources: ['deployments'], verbs: ['get', 'patch'] }],
  clusterRole: null,
  requester: { email: 'ada@example.com', subject: 'ada' },
  requestUrl: 'https://postern.example.com/requests/req_1',
  expiresAt: new Date('2026-11-23T10:00:00Z'),
}
const manifests = grantObjects(facts)
const short = ({ kind, namespace }: { kind: string; namespace: string }) => `${kind} ${namespace}`
const shorts = (objects: ReadonlyArray<{ kind: string; namespace: string }>) => objects.map(short)
const uidOf = (manifest: Manifest) => `uid of ${short(keyOf(manifest))}`

const shownOf = (manifest: Manifest): ShownObject & { metadata: NonNullable<ShownObject['metadata']> } =>
  structuredClone({ ...manifest, metadata: { ...manifest.metadata, uid: uidOf(manifest) } })
const recorded = manifests.map(
  (manifest): RecordedObject => ({
    ...keyOf(manifest),
    uid: uidOf(manifest),
    removedAt: null,
    fingerprint: fingerprintOf(shownOf(manifest)),
  }),
)

/** The cluster after `change` was done to what `which` names; undefined removes it. */
function clusterAfter(which: string, change: (shown: ReturnType<typeof shownOf>) => ShownObject | undefined) {
  return manifests.flatMap((manifest): InspectedObject[] => {
    const shown = short(keyOf(manifest)) === which ? change(shownOf(manifest)) : shownOf(manifest)
    const observed = shown && toObserved(manifest.kind, shown)
    return observed ? [{ ...observed, shown }] : []
  })
}
const repairOf = (which: string, change: Parameters<typeof clusterAfter>[1]) =>
  planRepair(manifests, recorded, clusterAfter(which, change))

const done = (repair: Repair) =>
  repair.do === 'repair'
    ? {
        faults: repair.faults.map(({ kind, object }) => `${kind}: ${short(object)}`),
        unbind: shorts(repair.unbind),
        remove: shorts(repair.remove),
        make: shorts(repair.make.map(keyOf)),
        bind: shorts(repair.bind.map(keyOf)),
      }
    : repair.do

const withMetadata = (some: Partial<NonNullable<ShownObject['metadata']>>) => (shown: ReturnType<typeof shownOf>) => ({
  ...shown,
  metadata: { ...shown.metadata, ...some },
})

it('what is as it was made is left alone', () => {
  expect(repairOf('none', (shown) => shown).do).toBe('nothing')
})
it('what other tools add beside ours is left alone', () => {
  const change = (shown: ReturnType<typeof shownOf>) => ({
    ...shown,
    metadata: {
      ...shown.metadata,
      labels: { ...shown.metadata.labels, team: 'x' },
      annotations: { ...shown.metadata.annotations, note: 'y' },
    },
  })
  for (const { kind, namespace } of recorded) expect(repairOf(`${kind} ${namespace}`, change).do).toBe('nothing')
})
it('a grant that was made before fingerprints were kept is judged by what it gives and its labels', () => {
  const before = recorded.map((object) => ({ ...object, fingerprint: null }))
  expect(
    planRepair(
      manifests,
      before,
      clusterAfter('none', (shown) => shown),
    ).do,
  ).toBe('nothing')
  const relabelled = clusterAfter('Role payments', withMetadata({ labels: {} }))
  expect(planRepair(manifests, before, relabelled).do).toBe('nothing')
})

describe('while anything is put right, nothing is bound that it rests on', () => {
  const payments = { unbind: ['RoleBinding payments'], bind: ['RoleBinding payments'] }
  const role = { remove: ['Role payments'], make: ['Role payments'] }
  const everywhere = ['RoleBinding checkout', 'RoleBinding payments']
  it.each<[string, string, Parameters<typeof clusterAfter>[1], ReturnType<typeof done>]>([
    [
      'wider rules',
      'Role payments',
      (shown) => ({ ...shown, rules: [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }] }),
      { faults: ['object-changed: Role payments'], ...payments, ...role },
    ],
    [
      'a Role that is gone',
      'Role payments',
      () => undefined,
      { faults: ['object-missing: Role payments'], ...payments, remove: [], make: ['Role payments'] },
    ],
    [
      'a Role that was replaced',
      'Role payments',
      withMetadata({ uid: 'another' }),
      { faults: ['object-replaced: Role payments'], ...payments, ...role },
    ],
    [
      'a binding for others besides',
      'RoleBinding payments',
      (shown) => ({ ...shown, subjects: [...(shown.subjects as []), { kind: 'User', name: 'eve' }] }),
      { faults: ['object-changed: RoleBinding payments'], ...payments, remove: [], make: [] },
    ],
    [
      'a binding to another role',
      'RoleBinding payments',
      (shown) => ({ ...shown, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'admin' } }),
      { faults: ['object-changed: RoleBinding payments'], ...payments, remove: [], make: [] },
    ],
    [
      'a binding that lost our labels, which its uid still makes ours',
      'RoleBinding payments',
      withMetadata({ labels: {} }),
      { faults: ['object-changed: RoleBinding payments'], ...payments, remove: [], make: [] },
    ],
    [
      'a binding that is gone',
      'RoleBinding payments',
      () => undefined,
      {
        faults: ['object-missing: RoleBinding payments'],
        ...{ unbind: [], remove: [], make: [], bind: ['RoleBinding payments'] },
      },
    ],
    [
      'a later end in the annotation',
      'RoleBinding payments',
      withMetadata({ annotations: { 'postern.dev/expires-at': '2030-01-01T00:00:00Z' } }),
      { faults: ['object-changed: RoleBinding payments'], ...payments, remove: [], make: [] },
    ],
    [
      'a ServiceAccount that is gone',
      'ServiceAccount postern-grants',
      () => undefined,
      {
        faults: ['object-missing: ServiceAccount postern-grants'],
        ...{ unbind: everywhere, remove: [], make: ['ServiceAccount postern-grants'], bind: everywhere },
      },
    ],
    [
      'a ServiceAccount that was made anew by somebody else, whatever it says',
      'ServiceAccount postern-grants',
      withMetadata({ uid: 'another' }),
      {
        faults: ['object-replaced: ServiceAccount postern-grants'],
        ...{ unbind: everywhere, remove: ['ServiceAccount postern-grants'] },
        ...{ make: ['ServiceAccount postern-grants'], bind: everywhere },
      },
    ],
  ])('%s', (_what, which, change, expected) => {
    expect(done(repairOf(which, change))).toEqual(expected)
  })
})

describe('what cannot be put right ends', () => {
  it.each(recorded.map(short))('somebody else’s %s under our name is never adopted and never removed', (which) => {
    const repair = repairOf(which, withMetadata({ uid: 'another', labels: {} }))
    expect(repair).toMatchObject({ do: 'end', sentence: expect.stringContaining('somebody else’s object') })
  })
  it.each(recorded.map(short))('%s that is being deleted and held', (which) => {
    const repair = repairOf(which, withMetadata({ deletionTimestamp: '2026-11-23T09:00:00Z', finalizers: ['x'] }))
    expect(repair).toMatchObject({ do: 'end', sentence: expect.stringContaining('something holds it') })
  })
})

it('each fault says what is wrong', () => {
  const sentence = (which: string, change: Parameters<typeof clusterAfter>[1]) => {
    const repair = repairOf(which, change)
    return repair.do === 'nothing' ? '' : repair.faults.map((fault) => fault.sentence).join()
  }
  const role = `Role payments/${recorded[1]?.name}`
  expect(sentence('Role payments', () => undefined)).toBe(`${role} was removed.`)
  expect(sentence('Role payments', (shown) => ({ ...shown, rules: [] }))).toBe(`${role} has other rules.`)
  expect(sentence('Role payments', withMetadata({ labels: {} }))).toBe(`${role} has other labels.`)
  expect(sentence('Role payments', withMetadata({ annotations: {} }))).toBe(`${role} has other annotations.`)
  expect(sentence('Role payments', withMetadata({ finalizers: ['x'] }))).toBe(`${role} has other settings.`)
})

it('every object has a fingerprint of its own', () => {
  const prints = new Set(manifests.map((manifest) => fingerprintOf(shownOf(manifest))))
  expect(prints.size).toBe(3)
  expect(keyText(keyOf(manifests[0] as Manifest))).toContain('ServiceAccount')
})
