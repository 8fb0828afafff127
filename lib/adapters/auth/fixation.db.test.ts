import { encode } from 'next-auth/jwt'
import { afterAll, expect, test } from 'vitest'
import { aBrowser, signInWith } from '#testing/browser'
import { testDatabase } from '#testing/database'
import { testIdentity } from '#testing/identity'
import { actorOfSession } from './actor-of-session.ts'
import { sessionFrom } from './cookies.ts'

const database = await testDatabase()
const identity = await testIdentity()
afterAll(async () => {
  await identity.stop()
  await database.drop()
})

const nameOf = async (cookie: string | undefined) =>
  (await actorOfSession(cookie, { via: 'browser', clientAddress: null, reference: 'reference1' }))?.person.name

test('a session cookie planted in a browser is replaced at sign-in, and its session ends', async () => {
  const attacker = aBrowser()
  await signInWith(attacker, 'jonas')
  const planted = attacker.cookies.get('postern.session') ?? ''
  expect(await nameOf(planted)).toMatch(/^Jonas/)
  const browser = aBrowser()
  browser.cookies.set('postern.session', planted)
  await signInWith(browser, 'mina')
  expect(await nameOf(browser.cookies.get('postern.session'))).toMatch(/^Mina/)
  expect(await nameOf(planted), 'the planted session does not become Mina’s and is over').toBeUndefined()
})

test('a session id chosen by an attacker never becomes the id of a session', async () => {
  const browser = aBrowser()
  const chosen = await encode({
    token: { sid: 'ses_chosen', per: 'per_chosen' },
    secret: process.env.POSTERN_SESSION_SECRET ?? '',
  })
  browser.cookies.set('postern.session', chosen)
  await signInWith(browser, 'mina')
  const id = (await sessionFrom(browser.cookies.get('postern.session')))?.id
  expect(id).toMatch(/^ses_.{10,}/)
  expect(id).not.toBe('ses_chosen')
})
