import { afterAll, expect, test } from 'vitest'
import { aBrowser, type Browser, signInWith } from '#testing/browser'
import { testDatabase } from '#testing/database'
import { testIdentity, testUrl } from '#testing/identity'
import { actorOfRequest } from './actor-of-request.ts'

// Someone with the application's database role can write anything into people and sessions, but can't sign anyone in.

const database = await testDatabase()
const identity = await testIdentity()
afterAll(async () => {
  await identity.stop()
  await database.drop()
})

const signIn = async (person: string): Promise<Browser> => {
  const browser = aBrowser()
  await signInWith(browser, person)
  return browser
}
const actorOf = (browser: Browser) => actorOfRequest(browser.request('/api/v1/me'))
const refused = { code: 'unauthenticated' }
const rejectedRecords = async () =>
  (
    await database.asOwner<{ data: { record: string; code: string } }>(
      `SELECT data FROM audit_events WHERE type = 'record.rejected' ORDER BY seq`,
    )
  ).map(({ data }) => `${data.record} ${data.code}`)
const subjectRow = (subject: string) => database.asApp(`SELECT * FROM people WHERE subject = $1`, [subject])

test('groups written into a person’s row grant no role: the person is signed out, and the rejection is recorded', async () => {
  const browser = await signIn('mina')
  expect((await actorOf(browser)).roles).toEqual([])
  await database.asApp(`UPDATE people SET groups = groups || '{platform-admins}' WHERE subject = 'mina'`)
  await expect(actorOf(browser)).rejects.toMatchObject(refused)
  await expect(actorOf(browser)).rejects.toMatchObject(refused)
  expect(await rejectedRecords()).toEqual(['person mismatch'])
  // Signing in again restores the record from the provider.
  expect((await actorOf(await signIn('mina'))).person.groups).not.toContain('platform-admins')
})

test('the signature of another person’s row is rejected', async () => {
  const browser = await signIn('mina')
  const other = await signIn('ines').then(() => subjectRow('ines'))
  await database.asApp(
    `UPDATE people SET groups = $1, groups_at = $2, signature = $3, name = $4, email = $5 WHERE subject = 'mina'`,
    [other[0]?.groups, other[0]?.groups_at, other[0]?.signature, other[0]?.name, other[0]?.email],
  )
  await expect(actorOf(browser)).rejects.toMatchObject(refused)
})

test('a session row reassigned to another person signs no one in', async () => {
  await signIn('ines')
  const browser = await signIn('mina')
  const count = (await rejectedRecords()).length
  await database.asApp(
    `UPDATE sessions SET person_id = (SELECT id FROM people WHERE subject = 'ines')
     WHERE person_id = (SELECT id FROM people WHERE subject = 'mina') AND ended_at IS NULL`,
  )
  await expect(actorOf(browser)).rejects.toMatchObject(refused)
  expect((await rejectedRecords()).slice(count)).toEqual(['session mismatch'])
})

test('a session row written by hand is useless, because a cookie cannot be made from the content of the database', async () => {
  await signIn('ines')
  const id = 'ses_00000000000000000000000000'
  await database.asApp(
    `INSERT INTO sessions (id, person_id, expires_at) SELECT $1, id, now() + interval '1 hour' FROM people WHERE subject = 'ines'`,
    [id],
  )
  for (const value of [
    id,
    JSON.stringify({ sid: id }),
    Buffer.from(JSON.stringify({ sid: id })).toString('base64url'),
  ]) {
    const request = new Request(`${testUrl}/api/v1/me`, { headers: { cookie: `postern.session=${value}` } })
    await expect(actorOfRequest(request)).rejects.toMatchObject(refused)
  }
})

test('a tampered row of an API caller leaves their token without groups, until the next token', async () => {
  identity.provider.setGroups('tomas', ['sre', 'security-audit'])
  const bearer = async (token: string) =>
    actorOfRequest(new Request(`${testUrl}/api/v1/me`, { headers: { authorization: `Bearer ${token}` } }))
  const token = await identity.token('tomas')
  expect((await bearer(token)).roles).toEqual(['auditor'])
  // The tampered row no longer says which groups were lost after the token was issued.
  await database.asApp(`UPDATE people SET groups = '{platform-admins}', groups_at = now() WHERE subject = 'tomas'`)
  const count = (await rejectedRecords()).length
  for (const _ of [1, 2]) expect((await bearer(token)).person.groups).toEqual([])
  expect((await rejectedRecords()).slice(count)).toEqual(['person mismatch'])
})
