import { afterAll, afterEach, expect, test } from 'vitest'
import { transaction } from '#lib/adapters/db/client'
import { newId } from '#lib/adapters/db/ids'
import { browsersOf, insertBrowser } from '#lib/adapters/db/notices/browsers'
import { atOnce } from '#testing/at-once'
import { aBrowser, beginAt } from '#testing/browser'
import { aConfiguration } from '#testing/configuration'
import { testDatabase } from '#testing/database'
import { startHostileIssuer } from '#testing/hostile-issuer'
import { testUrl } from '#testing/identity'
import { testPolicy } from '#testing/policy'
import { until } from '#testing/until'
import { actorOfSession } from './actor-of-session.ts'
import { cookieOf } from './cookies.ts'
import { originOf } from './origin.ts'
import { revokeTokensOf } from './revoke-tokens.ts'
import { seal } from './sealing.ts'
import { finishSignIn } from './sign-in.ts'
import { signOut } from './sign-out.ts'

const database = await testDatabase()
const provider = await startHostileIssuer()
provider.answers.endpoints = {
  end_session_endpoint: `${provider.issuer}/sign-out`,
  revocation_endpoint: `${provider.issuer}/revoke`,
}
const using = (issuer: string) =>
  aConfiguration({ identity: { issuer, clientId: 'postern', apiAudience: 'postern-api' } })
const policy = await testPolicy(using(provider.issuer))
afterEach(async () => {
  Object.assign(provider.answers, { idToken: '', tokenStatus: 200, refreshToken: '' })
  provider.posted.length = 0
  // Otherwise a later sign-in may revoke the tokens that this test leaves.
  await database.asOwner('DELETE FROM sessions')
})
afterAll(async () => {
  await policy.stop()
  await provider.stop()
  await database.drop()
})

const claims = () => {
  const iat = Math.floor(Date.now() / 1000)
  return { iss: provider.issuer, aud: 'postern', name: 'Alice', iat, exp: iat + 300 }
}

async function signedIn(
  sub: string,
  { groups = ['payments-dev'], refreshToken = '', browser = aBrowser(), at = provider } = {},
) {
  const query = new URL(await beginAt(browser)).searchParams
  at.answers.refreshToken = refreshToken
  at.answers.idToken = await at.sign({ ...claims(), iss: at.issuer, sub, groups, nonce: query.get('nonce') })
  const path = `/api/auth/callback/oidc?code=anything&state=${query.get('state')}`
  const answer = browser.keep(await finishSignIn(browser.request(path)))
  expect(answer.headers.get('location')).toBe(`${testUrl}/`)
  return browser
}

const actorOf = (browser: ReturnType<typeof aBrowser>) => {
  const { headers } = browser.request('/')
  return actorOfSession(cookieOf(headers, 'postern.session'), originOf(headers, 'browser'))
}
const revoked = () => provider.posted.filter(({ path }) => path === '/revoke').map(({ form }) => form.get('token'))
const refreshedWith = () => provider.posted.flatMap(({ form }) => form.get('refresh_token') ?? [])
const backdate = () => database.asOwner(`UPDATE sessions SET refreshed_at = now() - interval '6 minutes'`)
const requestOf = (browser: ReturnType<typeof aBrowser>) => browser.request('/api/auth/sign-out', { method: 'POST' })

test('no header of a sign-out grows with the person’s groups: a long ID token is left out of the URL', async () => {
  const groups = Array.from({ length: 300 }, (_, n) => `a-group-with-a-rather-long-name-${n}`)
  for (const browser of [await signedIn('many-groups', { groups }), await signedIn('few-groups')]) {
    const answer = browser.keep(await signOut(requestOf(browser)))
    const url = new URL(answer.headers.get('location') ?? '')
    for (const [name, value] of answer.headers) expect(value.length, name).toBeLessThan(3000)
    expect(url.pathname).toBe('/sign-out')
    expect(url.searchParams.get('client_id')).toBe('postern')
    const isShort = url.searchParams.get('logout_hint') === 'few-groups'
    expect(url.searchParams.has('id_token_hint')).toBe(isShort)
    expect(['many-groups', 'few-groups']).toContain(url.searchParams.get('logout_hint'))
  }
})

test('the state that the provider sends back to the signed-out page is in this browser’s cookie', async () => {
  const browser = await signedIn('alice')
  const answer = browser.keep(await signOut(requestOf(browser)))
  const state = new URL(answer.headers.get('location') ?? '').searchParams.get('state')
  expect(state).toMatch(/^.{22}$/)
  expect(browser.cookies.get('postern.signing-out')).toBe(state)
})

test('a sign-out without a session does not involve the provider, and its page claims nothing about it', async () => {
  const browser = aBrowser()
  browser.cookies.set('postern.signing-out', 'left over')
  const answer = browser.keep(await signOut(requestOf(browser)))
  expect(answer.headers.get('location')).toBe(`${testUrl}/signed-out`)
  expect(browser.cookies.has('postern.signing-out')).toBe(false)
})

test('signing out revokes the refresh token at the provider', async () => {
  const browser = await signedIn('alice', { refreshToken: 'refresh-1' })
  await signOut(requestOf(browser))
  expect(revoked()).toEqual(['refresh-1'])
  expect(provider.posted.at(-1)?.form.get('token_type_hint')).toBe('refresh_token')
})

test('a sign-in revokes the refresh tokens of the session that it replaces and of expired ones', async () => {
  await signedIn('bob', { refreshToken: 'refresh-of-expired' })
  await database.asOwner(`UPDATE sessions SET expires_at = now() - interval '1 second'`)
  const browser = await signedIn('alice', { refreshToken: 'refresh-of-replaced' })
  await signedIn('alice', { refreshToken: 'refresh-2', browser })
  await until('both are revoked', () => revoked().length === 2)
  expect(revoked().sort()).toEqual(['refresh-of-expired', 'refresh-of-replaced'])
})

test('another provider never sees a refresh token', async () => {
  const former = await startHostileIssuer()
  await policy.change(using(former.issuer))
  await signedIn('alice', { refreshToken: 'expired-at-former', at: former })
  await database.asOwner(`UPDATE sessions SET expires_at = now() - interval '1 second'`)
  const browser = await signedIn('alice', { refreshToken: 'replaced-at-former', at: former })
  await policy.reset()
  await former.stop()
  await signedIn('carol', { refreshToken: 'refresh-2', browser })
  await signOut(requestOf(browser))
  expect(revoked()).toEqual(['refresh-2'])
})

test('a change to another provider sends it no token whose revocation or refresh had begun', async () => {
  const other = await startHostileIssuer()
  other.answers.endpoints = { revocation_endpoint: `${other.issuer}/revoke` }
  const change = () => policy.change(using(other.issuer))
  const ended = async (id: string, token: string) => ({
    ...{ id, personId: newId('person'), issuer: provider.issuer, sealedIdToken: null },
    sealedRefreshToken: await seal(token, 'refresh-token', id),
  })
  provider.answers.beforeRevoked = change
  await revokeTokensOf([await ended('ses_1', 'first'), await ended('ses_2', 'second')])
  expect(revoked()).toEqual(['first', 'second'])
  provider.answers.beforeRevoked = async () => {}

  await policy.reset()
  const browser = await signedIn('carol', { refreshToken: 'refresh-1' })
  await backdate()
  const [{ id } = { id: '' }] = await database.asOwner<{ id: string }>(
    'SELECT id FROM sessions WHERE expires_at > now()',
  )
  const [answered] = await atOnce(database, 'sessions', id, [() => actorOf(browser)], change)
  expect(answered).toEqual({ status: 'fulfilled', value: null })
  await policy.reset()
  expect(await actorOf(browser)).not.toBeNull()
  expect(other.posted).toEqual([])
  await other.stop()
})

test('a refresh token that replaces another is kept even if the ID token beside it cannot be verified', async () => {
  const browser = await signedIn('dora', { refreshToken: 'refresh-1' })
  const idToken = await provider.sign({ ...claims(), sub: 'dora', groups: ['sre'] })
  Object.assign(provider.answers, { refreshToken: 'refresh-2', idToken: `${idToken}x` })
  await backdate()
  expect((await actorOf(browser))?.person.groups).toEqual(['payments-dev'])
  Object.assign(provider.answers, { refreshToken: 'refresh-3', idToken })
  await backdate()
  expect((await actorOf(browser))?.person.groups).toEqual(['sre'])
  expect(refreshedWith()).toEqual(['refresh-1', 'refresh-2'])
})

test('a refresh token that replaces another after the session has ended is revoked', async () => {
  const browser = await signedIn('erin', { refreshToken: 'refresh-1' })
  provider.answers.idToken = await provider.sign({ ...claims(), sub: 'erin' })
  provider.answers.refreshToken = 'refresh-2'
  await backdate()
  await database.asOwner(`CREATE FUNCTION end_all() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN IF NEW.refreshed_at > OLD.refreshed_at THEN NEW.ended_at = now(); END IF; RETURN NEW; END $$`)
  await database.asOwner('CREATE TRIGGER end_all BEFORE UPDATE ON sessions FOR EACH ROW EXECUTE FUNCTION end_all()')
  await actorOf(browser)
  await database.asOwner('DROP TRIGGER end_all ON sessions')
  expect(revoked()).toEqual(['refresh-2'])
})

/** The person of this browser is notified in it, as its cookie says. */
async function notifiedHere(browser: ReturnType<typeof aBrowser>): Promise<string> {
  const id = newId('browser')
  const personId = (await actorOf(browser))?.person.id ?? ''
  const endpoint = `https://fcm.googleapis.com/fcm/send/${id}`
  await transaction((tx) => insertBrowser(tx, { id, personId, endpoint, p256dh: 'B', auth: 'a', label: 'Firefox' }))
  browser.cookies.set('postern.browser', id)
  return personId
}
const notifiedIn = async (personId: string) => (await browsersOf(personId)).length

test('signing out ends the notifications in that browser, and no others', async () => {
  const here = await signedIn('notified')
  const there = await signedIn('notified')
  const personId = await notifiedHere(here)
  await notifiedHere(there)
  here.keep(await signOut(requestOf(here)))
  expect(here.cookies.has('postern.browser')).toBe(false)
  expect((await browsersOf(personId)).map(({ id }) => id)).toEqual([there.cookies.get('postern.browser')])
})

test('a cookie that names the browser of someone else ends nothing of theirs at a sign-out', async () => {
  const hers = await signedIn('victim')
  const personId = await notifiedHere(hers)
  const mallory = await signedIn('mallory')
  mallory.cookies.set('postern.browser', hers.cookies.get('postern.browser') ?? '')
  mallory.keep(await signOut(requestOf(mallory)))
  expect(await notifiedIn(personId)).toBe(1)
})

test('notices to someone no longer reach a browser in which another person signs in, and do when they sign in again', async () => {
  const browser = await signedIn('before')
  const personId = await notifiedHere(browser)
  await signedIn('before', { browser })
  expect(await notifiedIn(personId)).toBe(1)
  await signedIn('after', { browser })
  expect(await notifiedIn(personId)).toBe(0)
})
