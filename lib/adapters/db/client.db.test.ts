import { afterAll, expect, test } from 'vitest'
import { testDatabase } from '#testing/database'
import { closeDatabase, db, transaction } from './client.ts'

const database = await testDatabase()
afterAll(database.drop)

test('a transaction that throws leaves nothing behind', async () => {
  const insert = () =>
    transaction(async (tx) => {
      await tx.worker.create({ data: { id: 'w1' } })
      throw new Error('no')
    })
  await expect(insert()).rejects.toThrow('no')
  expect(await db().worker.count()).toBe(0)
})

test('a transaction inside a transaction joins it: both commit, or neither', async () => {
  const both = () =>
    transaction(async (tx) => {
      await tx.worker.create({ data: { id: 'outer' } })
      await transaction((inner) => inner.worker.create({ data: { id: 'inner' } }))
      throw new Error('no')
    })
  await expect(both()).rejects.toThrow('no')
  expect(await db().worker.count()).toBe(0)
})

test('times are read as they were written, whatever the time zone of the database', async () => {
  await database.setTimeZone('America/New_York')
  await closeDatabase()
  const seenAt = new Date('2026-07-01T12:00:00Z')
  await db().worker.create({ data: { id: 'w2', seenAt } })
  expect((await db().worker.findUniqueOrThrow({ where: { id: 'w2' } })).seenAt).toEqual(seenAt)
  const [row] = await db().$queryRaw<Array<{ at: Date; seconds: number }>>`
    SELECT seen_at AS at, extract(epoch FROM seen_at)::float8 AS seconds FROM workers WHERE id = 'w2'`
  expect(row).toEqual({ at: seenAt, seconds: seenAt.getTime() / 1000 })
})
