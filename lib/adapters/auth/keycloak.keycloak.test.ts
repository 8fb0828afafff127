import { afterAll, afterEach, describe, expect, onTestFinished, test } from 'vitest'
import { type Keycloak, startKeycloak } from '#local/parts/keycloak'
import { aBrowser, type Browser, beginAt } from '#testing/browser'
import { aConfiguration } from '#testing/configuration'
import { testDatabase } from '#testing/database'
import { testRedirectUri, testUrl } from '#testing/identity'
import { testPolicy } from '#testing/policy'
import { actorOfRequest } from './actor-of-request.ts'
import { actorOfSession } from './actor-of-session.ts'
import { checkProvider } from './check-provider.ts'
import { cookieOf } from './cookies.ts'
import { originOf } from './origin.ts'
import { finishSignIn } from './sign-in.ts'
import { signOut } from './sign-out.ts'

const database = await testDatabase()
afterAll(database.drop)
const started = await startKeycloak({ redirectUri: testRedirectUri, signedOutUri: `${testUrl}/signed-out` })
if (!started)
  process.stderr.write('NOT RUN: the tests with Keycloak, because Java 17 (or Maven, to download it) is missing\n')

describe.skipIf(!started)('with Keycloak as the identity provider', async () => {
  const keycloak = started as Keycloak
  if (!keycloak) return
  process.env.POSTERN_OIDC_CLIENT_SECRET = keycloak.clientSecret
  const identity = { issuer: keycloak.issuer, clientId: keycloak.clientId, apiAudience: 'postern-api' }
  const configured = (overrides: Record<string, unknown> = {}) =>
    aConfiguration({ identity: { ...identity, scopes: ['openid', 'profile', 'email'], ...overrides } })
  const policy = await testPolicy(configured())
  afterAll(async () => {
    await policy.stop()
    await keycloak.stop()
  })
  afterEach(() => policy.reset())

  const actorOf = (browser: Browser) => {
    const { headers } = browser.request('/')
    return actorOfSession(cookieOf(headers, 'postern.session'), originOf(headers, 'browser'))
  }
  const backdate = () => database.asOwner(`UPDATE sessions SET refreshed_at = now() - interval '6 minutes'`)
  const attempt = async (browser: Browser, person: string) => {
    const back = await keycloak.signIn(await beginAt(browser), person)
    return browser.keep(await finishSignIn(browser.request(back))).headers.get('location')
  }
  const signedIn = async (person: string): Promise<Browser> => {
    const browser = aBrowser()
    expect(await attempt(browser, person)).toBe(`${testUrl}/`)
    return browser
  }
  const lastEvent = async (type: string) => {
    const [row] = await database.asOwner<{ data: Record<string, string> }>(
      'SELECT data FROM audit_events WHERE type = $1 ORDER BY seq DESC LIMIT 1',
      [type],
    )
    return row?.data
  }

  test('the recipe without offline access yields groups, and a lost group grants nothing from the next refresh on', async () => {
    expect(await checkProvider()).toEqual([])
    await keycloak.setGroups('tomas', ['sre', 'security-audit'])
    const browser = await signedIn('tomas')
    expect(await actorOf(browser)).toMatchObject({ person: { name: 'Tomas Lindqvist' }, roles: ['auditor'] })
    await keycloak.setGroups('tomas', ['sre'])
    await backdate()
    expect(await actorOf(browser)).toMatchObject({ person: { groups: ['sre'] }, roles: [] })
  })

  test('a person whom an administrator disables or signs out is signed out at the next refresh', async () => {
    const [ola, ines] = [await signedIn('ola'), await signedIn('ines')]
    await keycloak.disable('ola')
    await keycloak.signOut('ines')
    await backdate()
    expect(await actorOf(ola)).toBeNull()
    expect(await lastEvent('session.ended')).toEqual({ cause: 'provider-refused', providerError: 'invalid_grant' })
    expect(await actorOf(ines)).toBeNull()
  })

  test('signing out with offline access leaves no session at Keycloak', async () => {
    await policy.change(configured({ scopes: ['openid', 'profile', 'email', 'offline_access'] }))
    const before = await keycloak.sessions()
    const browser = await signedIn('mina')
    expect((await keycloak.sessions()).offline).toBe(before.offline + 1)
    await signOut(browser.request('/api/auth/sign-out', { method: 'POST' }))
    expect((await keycloak.sessions()).offline).toBe(before.offline)
  })

  test('a person without the role offline_access is refused only if the scopes request it', async () => {
    await keycloak.removeOfflineRole('jonas')
    await signedIn('jonas')
    await policy.change(configured({ scopes: ['openid', 'profile', 'email', 'offline_access'] }))
    expect(await attempt(aBrowser(), 'jonas')).toMatch(/error=declined/)
    expect((await lastEvent('session.refused'))?.providerError).toBe('not_allowed')
  })

  test.each([
    ['a slash too many', { issuer: `${keycloak.issuer}/` }, 'issuer-slash'],
    ['a realm that does not exist', { issuer: `${keycloak.issuer}-none` }, 'no-provider'],
    ['an algorithm that Keycloak does not offer', { idTokenAlgorithm: 'EdDSA' }, undefined],
    ['an unknown client', { clientId: 'unregistered' }, 'client-refused'],
  ])('%s is found by the check', async (_, overrides, code) => {
    onTestFinished(() => policy.reset())
    await policy.change(configured(overrides))
    const codes = (await checkProvider()).map((problem) => problem.code)
    expect(codes).toEqual(code ? [code] : [])
  })

  const actorOfToken = (token: string) =>
    actorOfRequest(new Request(`${testUrl}/api/v1/me`, { headers: { authorization: `Bearer ${token}` } }))

  test('an access token of another client acts with no more groups than were recorded, and changes none', async () => {
    await signedIn('priya')
    const { access_token } = await keycloak.tokensOfCli('priya')
    const actor = await actorOfToken(access_token)
    expect(actor).toMatchObject({ person: { name: 'Priya Raman', groups: [] }, roles: [] })
    const [row] = await database.asOwner('SELECT groups FROM people WHERE name = $1', [actor.person.name])
    expect(row).toEqual({ groups: ['payments-leads'] })
  })

  test('an ID token is refused by the API, and called one', async () => {
    const { id_token } = await keycloak.tokensOfCli('priya')
    await expect(actorOfToken(id_token)).rejects.toMatchObject({
      code: 'unauthenticated',
      message: expect.stringContaining('it is an ID token'),
    })
  })

  test('groups that only UserInfo has are read there, at the sign-in and at a refresh', async () => {
    onTestFinished(() => keycloak.setThinIdToken(false))
    await keycloak.setThinIdToken(true)
    const browser = await signedIn('sam')
    expect((await actorOf(browser))?.person.groups).toEqual(['payments-leads'])
    await backdate()
    expect((await actorOf(browser))?.person.groups).toEqual(['payments-leads'])
  })

  test('a person who was deleted is signed out at the next refresh', async () => {
    const browser = await signedIn('tomas')
    await keycloak.remove('tomas')
    await backdate()
    expect(await actorOf(browser)).toBeNull()
    expect(await lastEvent('session.ended')).toEqual({ cause: 'provider-refused', providerError: 'invalid_grant' })
  })

  test('a wrong client secret is found by the check and signs no one out', async () => {
    const browser = await signedIn('mina')
    onTestFinished(() => keycloak.setSecret(keycloak.clientSecret))
    await keycloak.setSecret('another')
    expect((await checkProvider()).map((problem) => problem.code)).toEqual(['client-refused'])
    await backdate()
    expect((await actorOf(browser))?.person.groups).toEqual(['payments-dev'])
  })

  test('an unknown client signs no one out', async () => {
    const browser = await signedIn('sam')
    await policy.change(configured({ clientId: 'unregistered' }))
    await backdate()
    expect((await actorOf(browser))?.person.groups).toEqual(['payments-leads'])
  })
})
