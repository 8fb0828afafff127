import { afterAll, afterEach, describe, expect, onTestFinished, test } from 'vitest'
import type { PersonActor } from '#lib/core/access/actor'
import { type Dex, startDex } from '#local/parts/dex'
import { aBrowser, type Browser, signInWith } from '#testing/browser'
import { aConfiguration } from '#testing/configuration'
import { testDatabase, testParts } from '#testing/database'
import { testRedirectUri, testUrl } from '#testing/identity'
import { wasConfirmedAt } from '#testing/people'
import { testPolicy } from '#testing/policy'
import { actorOfNamed, actorOfSession } from './actor-of-session.ts'
import { cookieOf, sessionFrom } from './cookies.ts'
import { originOf } from './origin.ts'

const database = await testDatabase()
afterAll(database.drop)
const started = await startDex({ adminUrl: testParts().postgres.adminUrl, redirectUri: testRedirectUri })
if (!started) process.stderr.write('NOT RUN: the tests with Dex, because go is not installed and Dex was never built\n')

describe.skipIf(!started)('with Dex as the identity provider', async () => {
  const dex = started as Dex
  if (!dex) return
  process.env.POSTERN_OIDC_CLIENT_SECRET = dex.clientSecret
  const { issuer, clientId } = dex
  const configuration = aConfiguration({ identity: { issuer, clientId, apiAudience: 'postern-api' } })
  const policy = await testPolicy(configuration)
  afterAll(async () => {
    await policy.stop()
    await dex.stop()
  })
  afterEach(() => database.asOwner('UPDATE sessions SET ended_at = now() WHERE ended_at IS NULL'))

  const actorOf = (browser: Browser): Promise<PersonActor | null> => {
    const { headers } = browser.request('/')
    return actorOfSession(cookieOf(headers, 'postern.session'), originOf(headers, 'browser'))
  }
  /** As if the groups of every session had last been refreshed this many minutes ago. */
  const backdate = (minutes: number) =>
    database.asOwner(`UPDATE sessions SET refreshed_at = now() - make_interval(mins => $1::int)`, [minutes])
  const signedIn = async (person: string): Promise<Browser> => {
    const browser = aBrowser()
    const answer = await signInWith(browser, person)
    expect(answer.headers.get('location')).toBe(`${testUrl}/`)
    return browser
  }
  const lastEnd = async () => {
    const [row] = await database.asOwner<{ data: Record<string, string> }>(
      `SELECT data FROM audit_events WHERE type = 'session.ended' ORDER BY seq DESC LIMIT 1`,
    )
    return row?.data
  }

  test('a sign-in yields the groups, and each refresh uses the refresh token that replaced the one before', async () => {
    const browser = await signedIn('ines')
    expect(await actorOf(browser)).toMatchObject({
      person: { name: 'Ines Moreau', emailVerified: true },
      roles: ['auditor'],
    })
    for (let refresh = 0; refresh < 3; refresh++) {
      await backdate(6)
      expect((await actorOf(browser))?.roles).toEqual(['auditor'])
    }
  })

  test('a lost group grants nothing from the next refresh on', async () => {
    await dex.setGroups('tomas', ['sre', 'security-audit'])
    const browser = await signedIn('tomas')
    expect((await actorOf(browser))?.roles).toEqual(['auditor'])
    await dex.setGroups('tomas', ['sre'])
    await backdate(6)
    expect(await actorOf(browser)).toMatchObject({ person: { groups: ['sre'] }, roles: [] })
  })

  test('a person whose refresh token was revoked is signed out at the next refresh', async () => {
    const browser = await signedIn('ola')
    await dex.change({ do: 'revoke', person: 'ola' })
    await backdate(6)
    expect(await actorOf(browser)).toBeNull()
    expect(await lastEnd()).toEqual({ cause: 'provider-refused', providerError: 'invalid_request' })
  })

  test('an administrator who was deleted is signed out at the second try, once others were refreshed', async () => {
    const [ola, mina] = [await signedIn('ola'), await signedIn('mina')]
    onTestFinished(() => dex.setGroups('ola', ['platform-admins']))
    await dex.change({ do: 'remove', person: 'ola' })
    await backdate(6)
    expect((await actorOf(ola))?.roles, 'one failure may be an outage').toEqual(['admin'])
    await backdate(6)
    expect((await actorOf(ola))?.roles, 'while no one else is refreshed it may still be one').toEqual(['admin'])
    expect((await actorOf(mina))?.person.groups).toEqual(['payments-dev'])
    await backdate(6)
    expect(await actorOf(ola)).toBeNull()
    expect((await actorOf(mina))?.person.groups).toEqual(['payments-dev'])
  })

  test('while the directory fails for everyone no one is signed out', async () => {
    const [ola, mina] = [await signedIn('ola'), await signedIn('mina')]
    onTestFinished(() => dex.change({ do: 'mend' }))
    await dex.change({ do: 'break' })
    for (let refresh = 0; refresh < 3; refresh++) {
      await backdate(6)
      expect((await actorOf(ola))?.roles).toEqual(['admin'])
      expect((await actorOf(mina))?.person.groups).toEqual(['payments-dev'])
    }
  })

  test('groups that were not confirmed for 15 minutes give no group and no role until they are', async () => {
    const browser = await signedIn('ola')
    const cookie = browser.cookies.get('postern.session')
    const named = await sessionFrom(cookie)
    const actor = async () => {
      const since = new Date(Date.now() - 20 * 60_000)
      return named && actorOfNamed({ ...named, since }, originOf(new Headers(), 'browser'))
    }
    onTestFinished(() => dex.change({ do: 'mend' }))
    await dex.change({ do: 'break' })
    const { subject } = (await actor())?.person ?? { subject: '' }
    await wasConfirmedAt(subject, new Date(Date.now() - 14 * 60_000))
    await backdate(6)
    expect(await actor()).toMatchObject({ person: { groups: ['platform-admins'] }, roles: ['admin'] })
    await wasConfirmedAt(subject, new Date(Date.now() - 15 * 60_000))
    expect(await actor(), 'between two tries').toMatchObject({ person: { groups: [] }, roles: [] })
    await backdate(6)
    expect(await actor(), 'after another try').toMatchObject({ person: { groups: [] }, areGroupsUnconfirmed: true })
    await dex.change({ do: 'mend' })
    await backdate(6)
    expect(await actor()).toMatchObject({ person: { groups: ['platform-admins'] }, roles: ['admin'] })
  })

  test('a client that the provider does not know signs no one out', async () => {
    const browser = await signedIn('mina')
    onTestFinished(() => policy.change(configuration))
    await policy.change({ ...configuration, identity: { ...configuration.identity, clientId: 'unregistered' } })
    await backdate(6)
    expect((await actorOf(browser))?.person.groups).toEqual(['payments-dev'])
    await policy.change(configuration)
    await backdate(6)
    expect((await actorOf(browser))?.person.groups).toEqual(['payments-dev'])
  })
})
