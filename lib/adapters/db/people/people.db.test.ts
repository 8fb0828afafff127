import { afterAll, expect, test } from 'vitest'
import { db } from '#lib/adapters/db/client'
import { signingKeys } from '#lib/adapters/db/signing'
import { verifyPerson } from '#lib/core/signing/verify-records'
import { testDatabase } from '#testing/database'
import { anIdentity } from '#testing/people'
import { statementsOf } from '#testing/statements'
import { upsertPerson } from './people.ts'

const database = await testDatabase()
afterAll(database.drop)

const at = (second: number) => new Date(Date.UTC(2026, 10, 26, 9, 0, second))

test('issuer and subject identify a person, whose name, e-mail address and groups are updated', async () => {
  const identity = anIdentity({ groups: ['b', 'a', 'b'] })
  const first = await upsertPerson(db(), identity, at(1))
  expect(first).toMatchObject({ previousGroups: null, person: { groups: ['a', 'b'] } })
  const changed = { ...identity, name: 'Another Name', email: 'new@example.com', groups: ['c'] }
  const second = await upsertPerson(db(), changed, at(2))
  expect(second).toMatchObject({ previousGroups: ['a', 'b'], person: { id: first.person.id, ...changed } })
})

test('the same subject of another issuer is another person', async () => {
  const identity = anIdentity()
  const one = await upsertPerson(db(), identity, at(1))
  const other = await upsertPerson(db(), { ...identity, issuer: 'https://id.example.org' }, at(1))
  expect(other.person.id).not.toBe(one.person.id)
})

test('simultaneous first calls create one person', async () => {
  const identity = anIdentity()
  const created = await Promise.all(Array.from({ length: 6 }, () => upsertPerson(db(), identity, at(1))))
  expect(new Set(created.map(({ person }) => person.id)).size).toBe(1)
})

test('an older token changes nothing but adds its verified address to the known ones', async () => {
  const identity = anIdentity({ email: 'now@example.com', groups: ['now'] })
  const { person } = await upsertPerson(db(), identity, at(2))
  const before = { ...identity, name: 'Former Name', email: 'before@example.com', groups: ['before', 'now'] }
  const after = await upsertPerson(db(), before, at(1), 'token')
  expect(after.person).toEqual({ ...person, knownEmails: ['now@example.com', 'before@example.com'] })
})

test('simultaneous tokens leave the newest one in a signed record, in any order of arrival', async () => {
  const identity = anIdentity()
  await upsertPerson(db(), identity, at(0))
  const seconds = [5, 9, 2, 7, 9, 3, 8]
  await Promise.all(
    seconds.map((second, index) =>
      upsertPerson(db(), { ...identity, groups: ['all', `from-${second}`, `call-${index}`] }, at(second), 'token'),
    ),
  )
  const { subject } = identity
  const row = await db().person.findFirstOrThrow({ where: { subject } })
  expect([row.groups, row.groupsAt]).toEqual([['all', 'from-9'], at(9)])
  expect(verifyPerson(signingKeys(), row)).toBeNull()
})

test('an answer that another one overtook removes the groups that it lacks, and adds none', async () => {
  const identity = anIdentity({ groups: ['kept', 'lost'] })
  await upsertPerson(db(), identity, at(2))
  const { person } = await upsertPerson(db(), { ...identity, name: 'Former', groups: ['kept', 'gained'] }, at(1))
  expect(person).toMatchObject({ name: identity.name, groups: ['kept'] })
})

test('a description that is already recorded is one statement', async () => {
  const identity = anIdentity()
  await upsertPerson(db(), identity, at(1))
  expect(await statementsOf(() => upsertPerson(db(), identity, at(1)))).toHaveLength(1)
  expect(await statementsOf(() => upsertPerson(db(), identity, at(0), 'token'))).toHaveLength(1)
})

test('a record that Postern did not sign is replaced, whatever time it names', async () => {
  const identity = anIdentity({ groups: ['mine'] })
  const { person } = await upsertPerson(db(), identity, at(1))
  await database.asApp(`UPDATE people SET groups = '{platform-admins}', groups_at = '2099-01-01' WHERE id = $1`, [
    person.id,
  ])
  expect((await upsertPerson(db(), identity, at(1))).person.groups).toEqual(['mine'])
})

test('an address with an unusual spelling is recorded as not verified', async () => {
  const { person } = await upsertPerson(db(), anIdentity({ email: '"mina"@example.com' }), at(1))
  expect(person).toMatchObject({ email: '"mina"@example.com', emailVerified: false, knownEmails: [] })
})
