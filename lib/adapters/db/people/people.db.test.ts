import { afterAll, expect, test } from 'vitest'
import { db } from '#lib/adapters/db/client'
import { testDatabase } from '#testing/database'
import { anIdentity } from '#testing/people'
import { statementsOf } from '#testing/statements'
import { upsertPerson } from './people.ts'

const database = await testDatabase()
afterAll(database.drop)

test('issuer and subject identify a person, whose name, e-mail address and groups are updated', async () => {
  const identity = anIdentity({ groups: ['b', 'a', 'b'] })
  const first = await upsertPerson(db(), identity)
  expect(first).toMatchObject({ previousGroups: null, person: { groups: ['a', 'b'] } })
  const changed = { ...identity, name: 'Another Name', email: 'new@example.com', groups: ['c'] }
  const second = await upsertPerson(db(), changed)
  expect(second).toMatchObject({ previousGroups: ['a', 'b'], person: { id: first.person.id, ...changed } })
})

test('the same subject of another issuer is another person', async () => {
  const identity = anIdentity()
  const one = await upsertPerson(db(), identity)
  const other = await upsertPerson(db(), { ...identity, issuer: 'https://id.example.org' })
  expect(other.person.id).not.toBe(one.person.id)
})

test('simultaneous first calls create one person', async () => {
  const identity = anIdentity()
  const created = await Promise.all(Array.from({ length: 6 }, () => upsertPerson(db(), identity)))
  expect(new Set(created.map(({ person }) => person.id)).size).toBe(1)
})

test('an unchanged person is written again only after a minute', async () => {
  const identity = anIdentity()
  const { person } = await upsertPerson(db(), identity)
  expect(await statementsOf(() => upsertPerson(db(), identity))).toHaveLength(1)
  await db().$executeRaw`UPDATE people SET groups_at = now() - interval '2 minutes' WHERE id = ${person.id}`
  await upsertPerson(db(), identity)
  const { groupsAt } = await db().person.findUniqueOrThrow({ where: { id: person.id } })
  expect(Date.now() - groupsAt.getTime()).toBeLessThan(60_000)
})
