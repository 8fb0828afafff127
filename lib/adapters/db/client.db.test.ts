import { afterAll, expect, test } from 'vitest'
import { testDatabase } from '#testing/database'
import { closeDatabase, db, transaction } from './client.ts'
import { Prisma } from './generated/client.ts'

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

test('statements in SQL and operations of the client see each other in one transaction, and end with it', async () => {
  const seen = () => db().worker.count()
  const mixed = transaction(async (tx) => {
    await tx.worker.create({ data: { id: 'by the client' } })
    const rows = await tx.$queryRaw<{ id: string }[]>`SELECT id FROM workers`
    expect(rows).toEqual([{ id: 'by the client' }])
    await tx.$executeRaw`INSERT INTO workers (id) VALUES ('in SQL')`
    expect(await tx.worker.count()).toBe(2)
    expect(await seen()).toBe(0)
    throw new Error('no')
  })
  await expect(mixed).rejects.toThrow('no')
  expect(await seen()).toBe(0)
})

test('a statement of a transaction that is over is refused, and not sent over a connection of someone else', async () => {
  const late = await transaction(async (tx) => () => tx.$executeRaw`INSERT INTO workers (id) VALUES ('late')`)
  await expect(late()).rejects.toMatchObject({ code: 'unavailable' })
  expect(await db().worker.count()).toBe(0)
})

test('a value that a statement in SQL returns is the one that the generated client returns, for every type in use', async () => {
  const sql = Prisma.sql`SELECT 1::int AS int, 9007199254740993::bigint AS bigint, 1.5::float8 AS float, true AS boolean,
    'text' AS text, 'a name'::name AS name, NULL::text AS nothing, '2026-07-01T12:00:00.569999Z'::timestamptz AS time,
    '2026-07-01T00:00:00Z'::timestamptz AS midnight, '{"a": [1, null, "x"]}'::jsonb AS json, 'null'::jsonb AS "null",
    '{one,"two, three"}'::text[] AS texts, '\\x00ff'::bytea AS bytes, 'active'::grant_status AS status`
  const [generated] = await db().$queryRawUnsafe<object[]>(sql.text)
  const [direct] = await db().$queryRaw<object[]>(sql)
  expect(direct).toEqual({ ...generated, bytes: Buffer.from([0, 255]) })
  expect(direct).toMatchObject({ time: new Date('2026-07-01T12:00:00.569Z'), bigint: 9007199254740993n })
})

test('a value that a statement in SQL is given is stored as it is', async () => {
  const at = new Date('2026-07-01T12:00:00.123Z')
  const given = [at, ['one', 'two, "three"', '\\'], null, 1.5, true, 'x']
  const [row] = await db().$queryRaw<object[]>`SELECT ${at}::timestamptz AS at, ${given[1]}::text[] AS texts,
    ${null}::text AS nothing, ${1.5}::float8 AS float, ${true}::boolean AS boolean, ${'x'}::text AS text`
  expect(Object.values(row ?? {})).toEqual(given)
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
