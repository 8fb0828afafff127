import { afterAll, expect, test } from 'vitest'
import { aBrowser, signInWith } from '#testing/browser'
import { testDatabase } from '#testing/database'
import { testIdentity, testUrl } from '#testing/identity'
import { actorOfRequest } from './actor-of-request.ts'

// Which groups count when several tokens name different ones. The adversary is a person who has lost a group and keeps
// every token that they ever got.

const database = await testDatabase()
const identity = await testIdentity()
afterAll(async () => {
  await identity.stop()
  await database.drop()
})

const { provider } = identity
const now = () => Math.floor(Date.now() / 1000)

const actorOf = (token: string) =>
  actorOfRequest(new Request(`${testUrl}/api/v1/me`, { headers: { authorization: `Bearer ${token}` } }))
const groupsOf = async (token: string) => (await actorOf(token)).person.groups

const recorded = async (subject: string) => {
  const [row] = await database.asOwner<{ groups: string[] }>('SELECT groups FROM people WHERE subject = $1', [subject])
  return row?.groups
}

const changes = (subject: string) =>
  database.asOwner<{ via: string; data: object }>(
    `SELECT via, data FROM audit_events WHERE type = 'session.groups-changed' AND actor_subject = $1 ORDER BY seq`,
    [subject],
  )

let people = 0
/** A new person at the provider. */
function someone(...groups: string[]): string {
  const key = `person-${++people}`
  provider.addPerson(key, { name: key, email: `${key}@example.com`, groups })
  return key
}

/** A token of the sign-in client, issued this many seconds ago. */
const ownToken = (person: string, secondsAgo: number, groups: string[]) =>
  provider.sign(person, { issuedAt: now() - secondsAgo, claims: { groups } })

/** A token of another client of the same provider. */
const foreignToken = (person: string, claims: Record<string, unknown>) =>
  provider.sign(person, { claims: { client_id: 'another-client', ...claims } })

test('a group that a newer token no longer names is not restored by an older token', async () => {
  const person = someone()
  const older = await ownToken(person, 60, ['sre', 'payments-leads'])
  const newer = await ownToken(person, 30, ['sre'])
  expect(await groupsOf(older)).toEqual(['payments-leads', 'sre'])
  expect(await groupsOf(newer)).toEqual(['sre'])
  expect(await groupsOf(older)).toEqual(['sre'])
  expect(await recorded(person)).toEqual(['sre'])
})

test('an older token that arrives after a newer one changes nothing that is recorded', async () => {
  const person = someone()
  expect(await groupsOf(await ownToken(person, 30, ['sre']))).toEqual(['sre'])
  expect(await groupsOf(await ownToken(person, 60, ['payments-leads']))).toEqual([])
  expect(await recorded(person)).toEqual(['sre'])
})

test('of two tokens of the same second only the common groups count, in either order', async () => {
  const both: [string[], string[]] = [['sre', 'payments-leads'], ['sre']]
  for (const [first, second] of [both, both.toReversed() as typeof both]) {
    const person = someone()
    const issuedAt = now() - 30
    for (const groups of [first, second]) await groupsOf(await provider.sign(person, { issuedAt, claims: { groups } }))
    expect(await recorded(person)).toEqual(['sre'])
  }
})

test('a token of the sign-in client that is newer than the record adds and removes groups, and each change is an event', async () => {
  const person = someone()
  await groupsOf(await ownToken(person, 60, ['sre', 'payments-leads']))
  await groupsOf(await ownToken(person, 30, ['sre', 'search-dev']))
  expect(await recorded(person)).toEqual(['search-dev', 'sre'])
  expect(await changes(person)).toEqual([
    { via: 'api', data: { gained: ['payments-leads', 'sre'], lost: [] } },
    { via: 'api', data: { gained: ['search-dev'], lost: ['payments-leads'] } },
  ])
})

test('a sign-in that changes the recorded groups is an event with the gained and the lost groups', async () => {
  const person = someone('sre')
  await signInWith(aBrowser(), person)
  expect(await changes(person), 'the first sign-in is recorded with its groups').toEqual([])
  provider.setGroups(person, ['search-dev'])
  await signInWith(aBrowser(), person)
  expect(await changes(person)).toEqual([{ via: 'browser', data: { gained: ['search-dev'], lost: ['sre'] } }])
})

test('a token of another client acts with the recorded groups that it names, and changes no record', async () => {
  const person = someone('sre', 'payments-leads')
  await signInWith(aBrowser(), person)
  for (const client of [{ azp: 'another-client', client_id: undefined }, { client_id: 'another-client' }]) {
    expect(await groupsOf(await foreignToken(person, { ...client, groups: ['sre', 'platform-admins'] }))).toEqual([
      'sre',
    ])
    expect(await groupsOf(await foreignToken(person, { ...client, groups: [] }))).toEqual([])
  }
  expect(await recorded(person)).toEqual(['payments-leads', 'sre'])
  expect(await changes(person)).toEqual([])
})

test('a token counts as the sign-in client’s only if every claim about its client says so', async () => {
  const clients = [
    { client_id: undefined },
    { azp: 'another-client' },
    { cid: 'another-client' },
    { client_id: undefined, azp: ['postern'] },
    { client_id: ['postern'] },
  ]
  for (const client of clients) {
    const person = someone('sre')
    await signInWith(aBrowser(), person)
    const token = await provider.sign(person, {
      issuedAt: now() + 2,
      claims: { ...client, groups: ['payments-leads'] },
    })
    expect(await groupsOf(token), JSON.stringify(client)).toEqual([])
    expect(await recorded(person), JSON.stringify(client)).toEqual(['sre'])
  }
})

test('a person whom only another client’s token has named has no groups and no verified e-mail address', async () => {
  const person = someone('sre')
  const actor = await actorOf(await foreignToken(person, { groups: ['sre'] }))
  expect(actor.person).toMatchObject({ subject: person, groups: [], emailVerified: false, knownEmails: [] })
  await signInWith(aBrowser(), person)
  expect(await groupsOf(await foreignToken(person, { groups: ['sre'] }))).toEqual(['sre'])
})

test('a token without a groups claim acts with no groups and leaves the recorded ones as they are', async () => {
  const person = someone('sre')
  await signInWith(aBrowser(), person)
  const token = await provider.sign(person, { issuedAt: now() + 2, claims: { groups: undefined } })
  expect((await actorOf(token)).person).toMatchObject({ groups: [], groupsProblem: 'absent' })
  expect(await recorded(person)).toEqual(['sre'])
})

test('simultaneous tokens leave the groups of the newest in the record', async () => {
  const person = someone()
  await groupsOf(await ownToken(person, 100, ['g-100']))
  const ages = [90, 80, 70, 60, 50, 40, 30, 20]
  const tokens = await Promise.all(ages.map((age) => ownToken(person, age, [`g-${age}`])))
  await Promise.all(tokens.toReversed().map(groupsOf))
  expect(await recorded(person)).toEqual(['g-20'])
})
