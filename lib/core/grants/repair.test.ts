import { describe, expect, test } from 'vitest'
import { type GrantFacts, grantObjects, keyOf, keyText, type Manifest } from './manifests.ts'
import { type ClusterObject, fingerprintOf, type InspectedObject, toObserved } from './observed.ts'
import type { RecordedObject } from './plan.ts'
import { planRepair, type Repair } from './repair.ts'

const facts: GrantFacts = {
  subject: 'ServiceAccount',
  grantId: 'grt_01kb0000000000000000000000',
  namespaces: ['payments', 'checkout'],
  rules: [{ apiGroups: ['apps'], resources: ['deployments'], verbs: ['get', 'patch'] }],
  clusterRole: null,
  requester: { email: 'ada@example.com', subject: 'ada' },
  requestUrl: 'https://postern.example.com/requests/req_1',
  digest: `sha256:${'0'.repeat(64)}`,
  expiresAt: new Date('2026-11-23T10:00:00Z'),
}
const manifests = grantObjects(facts)
const short = ({ kind, namespace }: { kind: string; namespace: string }) => `${kind} ${namespace}`
const shorts = (objects: ReadonlyArray<{ kind: string; namespace: string }>) => objects.map(short)
const uidOf = (manifest: Manifest) => `uid of ${short(keyOf(manifest))}`

const rawOf = (manifest: Manifest): ClusterObject & { metadata: NonNullable<ClusterObject['metadata']> } =>
  structuredClone({ ...manifest, metadata: { ...manifest.metadata, uid: uidOf(manifest) } })
const recorded = manifests.map(
  (manifest): RecordedObject => ({
    ...keyOf(manifest),
    uid: uidOf(manifest),
    removedAt: null,
    fingerprint: fingerprintOf(rawOf(manifest)),
  }),
)

/** The objects in the cluster after `change` was made to the one named `which`; undefined deletes it. */
function clusterAfter(which: string, change: (raw: ReturnType<typeof rawOf>) => ClusterObject | undefined) {
  return manifests.flatMap((manifest): InspectedObject[] => {
    const raw = short(keyOf(manifest)) === which ? change(rawOf(manifest)) : rawOf(manifest)
    const observed = raw && toObserved(manifest.kind, raw)
    return observed ? [{ ...observed, raw }] : []
  })
}
const repairOf = (which: string, change: Parameters<typeof clusterAfter>[1]) =>
  planRepair(manifests, recorded, clusterAfter(which, change))

const summaryOf = (repair: Repair) =>
  repair.do === 'repair'
    ? {
        faults: repair.faults.map(({ kind, object }) => `${kind}: ${short(object)}`),
        unbind: shorts(repair.unbind),
        remove: shorts(repair.remove),
        create: shorts(repair.create.map(keyOf)),
        bind: shorts(repair.bind.map(keyOf)),
      }
    : repair.do

const withMetadata = (some: Partial<NonNullable<ClusterObject['metadata']>>) => (raw: ReturnType<typeof rawOf>) => ({
  ...raw,
  metadata: { ...raw.metadata, ...some },
})

test('unchanged objects are left alone', () => {
  expect(repairOf('none', (raw) => raw).do).toBe('nothing')
})
test('labels and annotations of other tools are left alone', () => {
  const change = (raw: ReturnType<typeof rawOf>) => ({
    ...raw,
    metadata: {
      ...raw.metadata,
      labels: { ...raw.metadata.labels, team: 'x' },
      annotations: { ...raw.metadata.annotations, note: 'y' },
    },
  })
  for (const { kind, namespace } of recorded) expect(repairOf(`${kind} ${namespace}`, change).do).toBe('nothing')
})
test('an object without a recorded fingerprint is compared by its content', () => {
  const before = recorded.map((object) => ({ ...object, fingerprint: null }))
  expect(
    planRepair(
      manifests,
      before,
      clusterAfter('none', (raw) => raw),
    ).do,
  ).toBe('nothing')
  const relabelled = clusterAfter('Role payments', withMetadata({ labels: {} }))
  expect(planRepair(manifests, before, relabelled).do).toBe('nothing')
})

describe('the bindings of a faulty object are deleted first and created last', () => {
  const payments = { unbind: ['RoleBinding payments'], bind: ['RoleBinding payments'] }
  const role = { remove: ['Role payments'], create: ['Role payments'] }
  const everywhere = ['RoleBinding checkout', 'RoleBinding payments']
  test.each<[string, string, Parameters<typeof clusterAfter>[1], ReturnType<typeof summaryOf>]>([
    [
      'wider rules',
      'Role payments',
      (raw) => ({ ...raw, rules: [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }] }),
      { faults: ['object-changed: Role payments'], ...payments, ...role },
    ],
    [
      'a deleted Role',
      'Role payments',
      () => undefined,
      { faults: ['object-missing: Role payments'], ...payments, remove: [], create: ['Role payments'] },
    ],
    [
      'a replaced Role',
      'Role payments',
      withMetadata({ uid: 'another' }),
      { faults: ['object-replaced: Role payments'], ...payments, ...role },
    ],
    [
      'a binding with another subject',
      'RoleBinding payments',
      (raw) => ({ ...raw, subjects: [...(raw.subjects as []), { kind: 'User', name: 'eve' }] }),
      { faults: ['object-changed: RoleBinding payments'], ...payments, remove: [], create: [] },
    ],
    [
      'a binding to another role',
      'RoleBinding payments',
      (raw) => ({ ...raw, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'admin' } }),
      { faults: ['object-changed: RoleBinding payments'], ...payments, remove: [], create: [] },
    ],
    [
      'a binding that lost its labels but kept its uid',
      'RoleBinding payments',
      withMetadata({ labels: {} }),
      { faults: ['object-changed: RoleBinding payments'], ...payments, remove: [], create: [] },
    ],
    [
      'a deleted binding',
      'RoleBinding payments',
      () => undefined,
      {
        faults: ['object-missing: RoleBinding payments'],
        ...{ unbind: [], remove: [], create: [], bind: ['RoleBinding payments'] },
      },
    ],
    [
      'a later expiry in the annotation',
      'RoleBinding payments',
      withMetadata({ annotations: { 'postern.dev/expires-at': '2030-01-01T00:00:00Z' } }),
      { faults: ['object-changed: RoleBinding payments'], ...payments, remove: [], create: [] },
    ],
    [
      'a deleted ServiceAccount',
      'ServiceAccount postern-grants',
      () => undefined,
      {
        faults: ['object-missing: ServiceAccount postern-grants'],
        ...{ unbind: everywhere, remove: [], create: ['ServiceAccount postern-grants'], bind: everywhere },
      },
    ],
    [
      'a ServiceAccount that someone else recreated, whatever its labels',
      'ServiceAccount postern-grants',
      withMetadata({ uid: 'another' }),
      {
        faults: ['object-replaced: ServiceAccount postern-grants'],
        ...{ unbind: everywhere, remove: ['ServiceAccount postern-grants'] },
        ...{ create: ['ServiceAccount postern-grants'], bind: everywhere },
      },
    ],
  ])('a repair deletes the bindings first and creates them last: %s', (_what, which, change, expected) => {
    expect(summaryOf(repairOf(which, change))).toEqual(expected)
  })
})

describe('an object that cannot be repaired ends the access', () => {
  test.each(recorded.map(short))(
    'someone else’s %s with the grant’s name ends the access: it is neither adopted nor deleted',
    (which) => {
      const repair = repairOf(which, withMetadata({ uid: 'another', labels: {} }))
      expect(repair).toMatchObject({ do: 'end', sentence: expect.stringContaining('someone else’s object') })
    },
  )
  test.each(recorded.map(short))('%s that a finalizer keeps ends the access', (which) => {
    const repair = repairOf(which, withMetadata({ deletionTimestamp: '2026-11-23T09:00:00Z', finalizers: ['x'] }))
    expect(repair).toMatchObject({ do: 'end', sentence: expect.stringContaining('a finalizer keeps it') })
  })
})

test('each fault says what was changed', () => {
  const sentence = (which: string, change: Parameters<typeof clusterAfter>[1]) => {
    const repair = repairOf(which, change)
    return repair.do === 'nothing' ? '' : repair.faults.map((fault) => fault.sentence).join()
  }
  const role = `Role payments/${recorded[1]?.name}`
  expect(sentence('Role payments', () => undefined)).toBe(`${role} was deleted.`)
  expect(sentence('Role payments', (raw) => ({ ...raw, rules: [] }))).toBe(`${role} has different rules.`)
  expect(sentence('Role payments', withMetadata({ labels: {} }))).toBe(`${role} has different labels.`)
  expect(sentence('Role payments', withMetadata({ annotations: {} }))).toBe(`${role} has different annotations.`)
  expect(sentence('Role payments', withMetadata({ finalizers: ['x'] }))).toBe(`${role} has different settings.`)
})

test('different objects have different fingerfingerprints', () => {
  const fingerprints = new Set(manifests.map((manifest) => fingerprintOf(rawOf(manifest))))
  expect(fingerprints.size).toBe(3)
  expect(keyText(keyOf(manifests[0] as Manifest))).toContain('ServiceAccount')
})
