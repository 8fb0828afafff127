import { afterAll, expect, test } from 'vitest'
import { refuse } from '#lib/adapters/db/audit/audit'
import { AppError } from '#lib/core/access/errors'
import { testDatabase } from '#testing/database'
import { aPerson, aSystemActor } from '#testing/people'
import { rejectionOf } from '#testing/rejection'
import { db, transaction } from './client.ts'
import { once, pruneIdempotencyKeys } from './idempotency.ts'

const database = await testDatabase()
afterAll(database.drop)

let count = 0
const aKey = () => `key-${++count}`

/** Work that writes a row inside its own transaction, as an operation does. */
const work = (id: string) => async () => {
  await transaction((tx) => tx.worker.create({ data: { id } }))
  return { status: 201, body: { id } }
}

test('a second call with the same key gets the first response, and the work is performed once', async () => {
  const { id } = await aPerson()
  const key = aKey()
  expect(await once(id, key, 'f', work('w-twice'))).toEqual({ status: 201, body: { id: 'w-twice' }, repeated: false })
  expect(await once(id, key, 'f', work('w-other'))).toEqual({ status: 201, body: { id: 'w-twice' }, repeated: true })
  expect(await db().worker.count({ where: { id: { in: ['w-twice', 'w-other'] } } })).toBe(1)
})

test('simultaneous calls with the same key perform the work once and all get the same response', async () => {
  const { id } = await aPerson()
  const key = aKey()
  const answers = await Promise.all(Array.from({ length: 6 }, (_, n) => once(id, key, 'f', work(`w-many-${n}`))))
  expect(new Set(answers.map(({ body }) => JSON.stringify(body))).size).toBe(1)
  expect(answers.filter(({ repeated }) => !repeated)).toHaveLength(1)
  expect(await db().worker.count({ where: { id: { startsWith: 'w-many-' } } })).toBe(1)
})

test('the same key for another call is refused', async () => {
  const { id } = await aPerson()
  const key = aKey()
  await once(id, key, 'one', work('w-one'))
  expect(await rejectionOf(once(id, key, 'two', work('w-two')))).toMatchObject({ code: 'idempotency-mismatch' })
  expect(await db().worker.count({ where: { id: 'w-two' } })).toBe(0)
})

test('a response written into the database without a valid signature is ignored, and the work is performed', async () => {
  const { id } = await aPerson()
  const [planted, moved] = [aKey(), aKey()]
  const write = `INSERT INTO idempotency (person_id, key, fingerprint, status, body, signature) VALUES ($1, $2, 'f', $3, $4, $5)`
  await database.asApp(write, [id, planted, 200, { status: 'ending' }, null])
  expect(await once(id, planted, 'f', work('w-planted'))).toMatchObject({ status: 201, repeated: false })
  expect(await once(id, planted, 'f', work('w-never'))).toMatchObject({ body: { id: 'w-planted' }, repeated: true })
  const kept = await db().idempotency.findUniqueOrThrow({ where: { personId_key: { personId: id, key: planted } } })
  await database.asApp(write, [id, moved, kept.status, kept.body, kept.signature])
  expect(await once(id, moved, 'f', work('w-moved'))).toMatchObject({ body: { id: 'w-moved' }, repeated: false })
})

test('the keys of two people are independent', async () => {
  const [one, two] = [await aPerson(), await aPerson()]
  const key = aKey()
  await once(one.id, key, 'f', work('w-of-one'))
  expect(await once(two.id, key, 'f', work('w-of-two'))).toMatchObject({ repeated: false })
})

test('work that fails leaves the key free and stores no response', async () => {
  const { id } = await aPerson()
  const key = aKey()
  const failing = once(id, key, 'f', async () => {
    await work('w-failed')()
    throw new AppError('conflict', 'no')
  })
  expect(await rejectionOf(failing)).toMatchObject({ code: 'conflict' })
  expect(await db().worker.count({ where: { id: 'w-failed' } })).toBe(0)
  expect(await once(id, key, 'f', work('w-again'))).toMatchObject({ repeated: false })
})

test('a refusal is recorded although everything else is rolled back', async () => {
  const { id } = await aPerson()
  const refused = once(id, aKey(), 'f', () =>
    transaction(() =>
      refuse(new AppError('forbidden', 'no'), {
        type: 'decision.refused',
        actor: aSystemActor('inside'),
        data: { code: 'x', sentence: 'no' },
      }),
    ),
  )
  expect(await rejectionOf(refused)).toMatchObject({ code: 'forbidden' })
  expect(await db().auditEvent.count({ where: { actorName: 'inside' } })).toBe(1)
})

test('simultaneous refusals need no second connection while they hold the first', async () => {
  const { id } = await aPerson()
  const calls = Array.from({ length: 40 }, () =>
    once(id, aKey(), 'f', () =>
      refuse(new AppError('forbidden', 'no'), {
        type: 'decision.refused',
        actor: aSystemActor('crowd'),
        data: { code: 'x', sentence: 'no' },
      }),
    ),
  )
  const results = await Promise.all(calls.map(rejectionOf))
  expect(results.map(({ code }) => code)).toEqual(Array(40).fill('forbidden'))
  expect(await db().auditEvent.count({ where: { actorName: 'crowd' } })).toBe(40)
})

test('responses are deleted after a day, and not earlier', async () => {
  const { id } = await aPerson()
  const [old, young] = [aKey(), aKey()]
  await once(id, old, 'f', work('w-old'))
  await once(id, young, 'f', work('w-young'))
  const age = 'UPDATE idempotency SET created_at = now() - $2::interval WHERE key = $1'
  await database.asOwner(age, [old, '24 hours 1 minute'])
  await database.asOwner(age, [young, '23 hours 59 minutes'])
  await pruneIdempotencyKeys()
  expect(await db().idempotency.findMany({ where: { key: { in: [old, young] } } })).toMatchObject([{ key: young }])
})
