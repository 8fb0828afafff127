import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { db } from '#lib/adapters/db/client'
import { keepStanding, removeOldStanding } from '#lib/adapters/db/clusters/standing-history'
import type { ClusterObjects, Subject } from '#lib/core/rbac/cluster-objects'
import { resourceRules } from '#lib/core/rbac/cluster-objects'
import { couldPerform } from '#lib/core/rbac/could-perform'
import { testBench } from '#testing/bench'
import { eventsWhere } from '#testing/events'
import { anActor, aSystemActor } from '#testing/people'
import { accessDuring } from './access-during.ts'

const { database } = await testBench()
const auditor = await anActor({ roles: ['auditor'] })
const base = Date.UTC(2026, 0, 1)
const minute = 60_000
const timeOf = (minutes: number) => new Date(base + minutes * minute)
const deletePods = { verb: 'delete', resource: 'pods' }

type Binding = { namespace: string | null; name: string; role: string; ofCluster: boolean; subjects: Subject[] }
type Reading = { after: number; roles: Record<string, string[]>; bindings: Binding[] }

const rulesOf = (verbs: readonly string[]) => [{ apiGroups: [''], resources: ['pods'], verbs: [...verbs] }]

/** Roles of one name in two namespaces and in the cluster have the same rules. */
const objectsOf = ({ roles, bindings }: Pick<Reading, 'roles' | 'bindings'>): ClusterObjects => ({
  roles: Object.entries(roles).flatMap(([name, verbs]) =>
    ['payments', 'search'].map((namespace) => ({ metadata: { namespace, name }, rules: rulesOf(verbs) })),
  ),
  clusterRoles: Object.entries(roles).map(([name, verbs]) => ({ metadata: { name }, rules: rulesOf(verbs) })),
  roleBindings: bindings.flatMap(({ namespace, name, role, ofCluster, subjects }) =>
    namespace === null
      ? []
      : [
          {
            metadata: { namespace, name },
            roleRef: { kind: ofCluster ? 'ClusterRole' : 'Role', name: role },
            subjects,
          },
        ],
  ),
  clusterRoleBindings: bindings.flatMap(({ namespace, name, role, subjects }) =>
    namespace === null ? [{ metadata: { name }, roleRef: { kind: 'ClusterRole', name: role }, subjects }] : [],
  ),
})

const subject = fc.constantFrom<Subject>(
  { kind: 'User', name: 'mina' },
  { kind: 'Group', name: 'dev' },
  { kind: 'ServiceAccount', name: 'robot', namespace: 'ci' },
)
const binding: fc.Arbitrary<Binding> = fc.record({
  namespace: fc.constantFrom('payments', 'search', null),
  name: fc.constantFrom('one', 'two'),
  role: fc.constantFrom('viewer', 'editor', 'missing'),
  ofCluster: fc.boolean(),
  subjects: fc.uniqueArray(subject, { minLength: 1, maxLength: 2, selector: ({ name }) => name }),
})
const verbs = fc.subarray(['get', 'delete', '*'])
const reading: fc.Arbitrary<Reading> = fc.record({
  after: fc.integer({ min: 1, max: 40 }),
  roles: fc.record({ viewer: verbs, editor: verbs }, { requiredKeys: [] }),
  bindings: fc.uniqueArray(binding, { maxLength: 4, selector: ({ namespace, name }) => `${namespace} ${name}` }),
})

/** The model: at each moment, what the last reading at or before it had. */
function modelOf(readings: readonly Reading[], from: number, to: number, namespace: string | undefined): string[] {
  let at = 0
  const begins = readings.map(({ after }) => {
    at += after
    return at
  })
  const found = new Set<string>()
  for (let moment = from; moment < Math.max(to, from + 1); moment += 1) {
    const index = begins.findLastIndex((begin) => begin <= moment)
    if (index < 0) continue
    const objects = objectsOf(readings[index] as Reading)
    for (const { metadata, roleRef, subjects } of [
      ...objects.roleBindings,
      ...objects.clusterRoleBindings.map((one) => ({ ...one, metadata: { ...one.metadata, namespace: null } })),
    ]) {
      const role =
        roleRef.kind === 'ClusterRole'
          ? objects.clusterRoles.find((one) => one.metadata.name === roleRef.name)
          : objects.roles.find(
              (one) => one.metadata.name === roleRef.name && one.metadata.namespace === metadata.namespace,
            )
      if (namespace !== undefined && metadata.namespace !== null && metadata.namespace !== namespace) continue
      if (!couldPerform(resourceRules(role?.rules), deletePods)) continue
      for (const { kind, name } of subjects ?? [])
        found.add([metadata.namespace, metadata.name, roleRef.kind, roleRef.name, kind, name].join(' '))
    }
  }
  return [...found].toSorted()
}

let clusters = 0
async function kept(readings: readonly Reading[]) {
  clusters += 1
  const cluster = `cluster-${clusters}`
  let at = 0
  for (const one of readings) {
    at += one.after
    expect(await keepStanding(cluster, objectsOf(one), timeOf(at))).toBe(true)
  }
  return cluster
}
const standingOf = async (cluster: string, from: Date, to: Date, namespace?: string) => {
  const query = { from: from.toISOString(), to: to.toISOString(), cluster, namespace, ...deletePods }
  const { standing } = await accessDuring(auditor, query)
  if (!standing) throw new Error('no standing access')
  return standing
}

test('who could perform an action by standing bindings is what the readings of that time had, for random histories', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(reading, { minLength: 1, maxLength: 6 }),
      fc.array(fc.tuple(fc.nat(160), fc.nat(40), fc.constantFrom('payments', undefined)), {
        minLength: 4,
        maxLength: 4,
      }),
      async (readings, questions) => {
        const cluster = await kept(readings)
        const ends = readings.map((_, n) => readings.slice(0, n + 1).reduce((sum, { after }) => sum + after, 0))
        // Random times, and those at which a reading was.
        const edges = ends.flatMap((at) => [[at, 0, undefined] as const, [at - 1, 1, undefined] as const])
        for (const [from, length, namespace] of [...questions, ...edges]) {
          const { items } = await standingOf(cluster, timeOf(from), timeOf(from + length), namespace)
          const names = items.map(({ binding, role, subject }) =>
            [binding.namespace, binding.name, role.kind, role.name, subject.kind, subject.name].join(' '),
          )
          expect([...new Set(names)].toSorted()).toEqual(modelOf(readings, from, from + length, namespace))
          // Two items of one binding and subject are of times that don't touch.
          for (const [at, item] of items.entries())
            for (const other of items.slice(at + 1))
              if (names[at] === names[items.indexOf(other)]) expect(item.until).not.toBe(other.from)
        }
      },
    ),
    { numRuns: 25 },
  )
})

const editors = { roles: { editor: ['delete'] }, bindings: [] as Binding[] }
const minaEdits: Binding = {
  ...{ namespace: 'payments', name: 'mina', role: 'editor', ofCluster: false },
  subjects: [{ kind: 'User', name: 'mina' }],
}

test('a reading that is like the one before it adds no row, and one that differs adds only what differs', async () => {
  const cluster = 'quiet'
  const many = Array.from({ length: 200 }, (_, n) => ({ ...minaEdits, name: `binding-${n}` }))
  const objects = objectsOf({ ...editors, bindings: many })
  const count = async () => [
    await db().standingObject.count({ where: { cluster } }),
    await db().standingReading.count({ where: { cluster } }),
  ]
  await keepStanding(cluster, objects, timeOf(0))
  expect(await count()).toEqual([203, 1])
  for (let at = 1; at < 10; at += 1) await keepStanding(cluster, objects, timeOf(at))
  expect(await count()).toEqual([203, 1])
  await keepStanding(cluster, objectsOf({ ...editors, bindings: many.slice(1) }), timeOf(10))
  expect(await count()).toEqual([203, 2])
  const [{ bytes }] = (await database.asOwner(
    `SELECT (pg_total_relation_size('standing_objects') / greatest(1, (SELECT count(*) FROM standing_objects)))::int AS bytes`,
  )) as [{ bytes: number }]
  expect(bytes).toBeLessThan(1_500)
})

test('the answer says when a cluster was last read, and in which times it was not', async () => {
  const cluster = 'away'
  const objects = objectsOf({ ...editors, bindings: [minaEdits] })
  for (const at of [0, 10, 20, 80, 90]) await keepStanding(cluster, objects, timeOf(at))
  const about = async (from: number, to: number) => (await standingOf(cluster, timeOf(from), timeOf(to))).clusters
  const at = (minutes: number) => timeOf(minutes).toISOString()
  const gap = { from: at(20), to: at(80) }
  expect(await about(15, 15)).toEqual([{ cluster, lastReadAt: at(15), notRead: [] }])
  expect(await about(45, 45)).toEqual([{ cluster, lastReadAt: at(20), notRead: [] }])
  expect(await about(60, 60)).toEqual([{ cluster, lastReadAt: at(20), notRead: [{ from: at(20), to: at(60) }] }])
  expect(await about(0, 95)).toEqual([{ cluster, lastReadAt: at(90), notRead: [gap] }])
  expect(await about(-10, 5)).toEqual([{ cluster, lastReadAt: at(5), notRead: [{ from: at(-10), to: at(0) }] }])
  expect(await about(-10, -5)).toEqual([{ cluster, lastReadAt: null, notRead: [{ from: at(-10), to: at(-5) }] }])
  expect((await standingOf(cluster, timeOf(60), timeOf(60))).items).toMatchObject([
    { subject: { kind: 'User', name: 'mina' }, from: at(0), until: null },
  ])
})

test('several workers that keep the same or an older reading leave one history', async () => {
  const cluster = 'crowded'
  const [before, after] = [objectsOf({ ...editors, bindings: [minaEdits] }), objectsOf(editors)]
  await Promise.all([1, 2, 3].map(() => keepStanding(cluster, before, timeOf(0))))
  await Promise.all([keepStanding(cluster, after, timeOf(5)), keepStanding(cluster, after, timeOf(5))])
  // A slow worker, or one whose clock is behind.
  await keepStanding(cluster, before, timeOf(4))
  expect((await standingOf(cluster, timeOf(0), timeOf(9))).items).toMatchObject([
    { from: timeOf(0).toISOString(), until: timeOf(5).toISOString() },
  ])
})

test.each([
  ['a subject with a NUL character', { subjects: [{ kind: 'User', name: 'eve\0' }] }, {}],
  ['a resource name with a NUL character', {}, { resourceNames: ['a\0'] }],
  ['a binding with a name that no index has room for', { name: randomBytes(8_000).toString('hex') }, {}],
])('%s keeps no one else’s standing access out of the history', async (what, ofBinding, ofRole) => {
  const cluster = `hostile ${what}`
  const objects = objectsOf({ ...editors, bindings: [minaEdits] })
  const hostile = objectsOf({ ...editors, bindings: [{ ...minaEdits, name: 'other', ...ofBinding }] })
  const roles = objects.roles.map((role) => ({ ...role, rules: role.rules?.map((rule) => ({ ...rule, ...ofRole })) }))
  const roleBindings = [...objects.roleBindings, ...hostile.roleBindings]
  const clusterRoleBindings = [...objects.clusterRoleBindings, ...hostile.clusterRoleBindings]
  await keepStanding(cluster, { ...objects, roles, roleBindings, clusterRoleBindings }, timeOf(0))
  const kept = await db().standingObject.findMany({ where: { cluster }, select: { name: true } })
  expect(kept.map(({ name }) => name)).toContain(minaEdits.name)
})

test('without an action no standing access is read, and only auditors and admins may ask', async () => {
  const query = { from: timeOf(0).toISOString(), to: timeOf(9).toISOString() }
  expect((await accessDuring(auditor, query)).standing).toBeNull()
  await expect(accessDuring(await anActor(), { ...query, ...deletePods })).rejects.toMatchObject({ code: 'not-found' })
})

test('the application’s role changes no state that was read, and removes none', async () => {
  await keepStanding('kept', objectsOf({ ...editors, bindings: [minaEdits] }), timeOf(0))
  for (const [sql, why] of [
    [`DELETE FROM standing_objects`, 'permission denied'],
    [`UPDATE standing_objects SET content = '[]'`, 'permission denied'],
    [`UPDATE standing_objects SET gone_at = NULL WHERE gone_at IS NOT NULL`, 'is refused: its rows are history'],
    [`UPDATE standing_readings SET last_at = first_at - interval '1 day'`, 'is refused: its rows are history'],
  ] as const)
    await expect(database.asApp(sql), sql).rejects.toThrow(why)
})

test('states that ended before the calls that were removed are removed, with an event, and present ones stay', async () => {
  const cluster = 'old'
  const day = 24 * 60
  const now = (Date.now() - base) / minute
  await keepStanding(cluster, objectsOf({ ...editors, bindings: [minaEdits] }), timeOf(now - 500 * day))
  await keepStanding(cluster, objectsOf(editors), timeOf(now - 450 * day))
  await keepStanding(cluster, objectsOf({ ...editors, roles: {} }), timeOf(now - 10 * day))
  const left = () => db().standingObject.count({ where: { cluster } })
  expect(await left()).toBe(4)
  expect(await removeOldStanding(aSystemActor())).toBe(false)
  await database.asApp(`SELECT * FROM remove_old_activity(now() - interval '400 days', 10)`)
  expect(await removeOldStanding(aSystemActor())).toBe(false)
  expect(await left()).toBe(3)
  expect(await db().standingReading.count({ where: { cluster } })).toBe(2)
  expect(await eventsWhere({ type: 'standing.removed' })).toMatchObject([{ data: { states: 1 } }])
  const { clusters } = await standingOf(cluster, timeOf(now - 499 * day), timeOf(now - 499 * day))
  expect(clusters).toMatchObject([{ lastReadAt: null }])
})
