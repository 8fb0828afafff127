import { afterAll, describe, expect, test } from 'vitest'
import { db } from '#lib/adapters/db/client'
import { findingKinds, findingOutcomes } from '#lib/core/access/finding'
import { testDatabase } from '#testing/database'
import { saveSweepCompleted } from './save-cluster-state.ts'

const database = await testDatabase()
afterAll(database.drop)

const allowedBy = async (constraint: string) => {
  const [row] = await database.asOwner<{ definition: string }>(
    'SELECT pg_get_constraintdef(oid) AS definition FROM pg_constraint WHERE conname = $1',
    [constraint],
  )
  return [...(row?.definition.matchAll(/'([a-z-]+)'/g) ?? [])].map(([, value]) => value).sort()
}

describe('the lists of the database and of the program are the same', () => {
  test('the database allows exactly the kinds of findings that the program knows', async () =>
    expect(await allowedBy('findings_kind')).toEqual([...findingKinds].sort()))
  test('the database allows exactly the outcomes of findings that the program knows', async () =>
    expect(await allowedBy('findings_outcome')).toEqual([...findingOutcomes].sort()))
})

describe('a finding is permanent', () => {
  const insert = (name: string) =>
    database.asApp<{ id: string }>(
      `INSERT INTO findings (id, kind, cluster, object_kind, namespace, name, sentence)
       VALUES ('fnd_' || $1, 'object-stray', 'prod-eu', 'Role', 'payments', $1, 'Not ours.') RETURNING id`,
      [name],
    )
  test.each([
    ["kind = 'object-missing'", '23514'],
    ["first_seen_at = first_seen_at - interval '1 day'", '23514'],
    ["outcome = 'gone', resolved_at = NULL", '23514'],
  ])('the application cannot update a finding with %s', async (set, code) => {
    const [row] = await insert(`set-${set.length}`)
    await expect(database.asApp(`UPDATE findings SET ${set} WHERE id = $1`, [row?.id])).rejects.toMatchObject({
      code,
    })
  })
  test('the application cannot reopen or delete a finding', async () => {
    const [row] = await insert('closed')
    await database.asApp("UPDATE findings SET outcome = 'gone', resolved_at = now() WHERE id = $1", [row?.id])
    const reopened = database.asApp('UPDATE findings SET outcome = NULL, resolved_at = NULL WHERE id = $1', [row?.id])
    await expect(reopened).rejects.toMatchObject({ code: '23514' })
    await expect(database.asApp('DELETE FROM findings')).rejects.toMatchObject({ code: '42501' })
  })
  test('an object cannot have two open findings of the same kind', async () => {
    await insert('twice')
    const again = database.asApp(
      `INSERT INTO findings (id, kind, cluster, object_kind, namespace, name, sentence)
       VALUES ('fnd_again', 'object-stray', 'prod-eu', 'Role', 'payments', 'twice', 'Not ours.')`,
    )
    await expect(again).rejects.toMatchObject({ code: '23505' })
  })
})

test('a complete sweep resolves exactly the open stray findings that it did not observe', async () => {
  const old = new Date(Date.now() - 120_000)
  const rows = [
    ['removed', 'object-stray', 'swept', old],
    ['seen-now', 'object-stray', 'swept', new Date()],
    ['of-a-grant', 'object-changed', 'swept', old],
    ['elsewhere', 'object-stray', 'not-swept', old],
  ] as const
  await db().finding.createMany({
    data: rows.map(([name, kind, cluster, lastSeenAt]) => {
      const object = { objectKind: 'Role', namespace: 'payments', name }
      return { id: `fnd_${name}`, kind, cluster, lastSeenAt, ...object, sentence: 'Not ours.' }
    }),
  })
  await saveSweepCompleted('swept')
  const cluster = { in: ['swept', 'not-swept'] }
  const found = await db().finding.findMany({ where: { cluster }, orderBy: { name: 'asc' } })
  expect(found.map(({ name, outcome }) => [name, outcome])).toEqual([
    ['elsewhere', null],
    ['of-a-grant', null],
    ['removed', 'gone'],
    ['seen-now', null],
  ])
})
