import { afterAll, expect, test } from 'vitest'
import { db, transaction } from '#lib/db/client'
import { testDatabase } from '#lib/testing/database'

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

test('a transaction inside a transaction is the same one: both commit, or neither', async () => {
  const both = () =>
    transaction(async (tx) => {
      await tx.worker.create({ data: { id: 'outer' } })
      await transaction((inner) => inner.worker.create({ data: { id: 'inner' } }))
      throw new Error('no')
    })
  await expect(both()).rejects.toThrow('no')
  expect(await db().worker.count()).toBe(0)
})
