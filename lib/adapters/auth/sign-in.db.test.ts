import { decodeJwt } from 'jose'
import { afterAll, expect, test } from 'vitest'
import type { PersonActor } from '#lib/core/access/actor'
import { signInAs } from '#local/parts/sign-in'
import { aBrowser, type Browser, beginAt, signInWith, withoutReference } from '#testing/browser'
import { testDatabase } from '#testing/database'
import { testIdentity, testRedirectUri, testUrl } from '#testing/identity'
import { actorOfSession } from './actor-of-session.ts'
import { cookieOf } from './cookies.ts'
import { originOf } from './origin.ts'
import { beginSignIn, finishSignIn } from './sign-in.ts'
import { signOut } from './sign-out.ts'

const database = await testDatabase()
const identity = await testIdentity()
afterAll(async () => {
  await identity.stop()
  await database.drop()
})

const actorOf = (browser: Browser): Promise<PersonActor | null> => {
  const { headers } = browser.request('/')
  return actorOfSession(cookieOf(headers, 'postern.session'), originOf(headers, 'browser'))
}

const events = (type: string) =>
  database.asOwner<{ actor_name: string; data: Record<string, unknown> }>(
    'SELECT actor_name, data FROM audit_events WHERE type = $1 ORDER BY seq',
    [type],
  )

/** As if the groups had last been refreshed this many minutes ago. */
const backdate = (minutes: number) =>
  database.asOwner(`UPDATE sessions SET refreshed_at = now() - make_interval(mins => $1::int)`, [minutes])

test('signing in yields the provider’s groups and roles, and returns to the page that was requested', async () => {
  const browser = aBrowser()
  const answer = await signInWith(browser, 'ines', '/history?type=grant.ended')
  expect(answer.headers.get('location')).toBe(`${testUrl}/history?type=grant.ended`)
  const actor = await actorOf(browser)
  expect(actor).toMatchObject({
    person: { subject: 'ines', name: 'Ines Moreau', email: 'ines@example.com', emailVerified: true },
    roles: ['auditor'],
  })
  expect((await events('session.started')).at(-1)).toMatchObject({ data: { groups: ['security-audit'] } })
})

test('a sign-in uses PKCE, state and nonce, and leaves only the session cookie in the browser', async () => {
  const browser = aBrowser()
  const query = new URL(await beginAt(aBrowser())).searchParams
  expect(query.get('code_challenge_method')).toBe('S256')
  for (const name of ['code_challenge', 'state', 'nonce']) expect(query.get(name), name).toMatch(/^.{32,}$/)
  expect(query.get('scope')).toBe('openid profile email groups offline_access')
  const answer = await signInWith(browser, 'mina')
  const line = answer.headers.getSetCookie().find((cookie) => cookie.startsWith('postern.session='))
  expect(line).toMatch(/HttpOnly/)
  expect(line).toMatch(/SameSite=Lax/i)
  expect([...browser.cookies.keys()]).toEqual(['postern.session'])
})

test('neither the database nor the cookie holds a token of the provider in plain text', async () => {
  const browser = aBrowser()
  await signInWith(browser, 'mina')
  const [row] = await database.asOwner<Record<string, string>>(
    'SELECT * FROM sessions ORDER BY created_at DESC LIMIT 1',
  )
  expect(row?.sealed_refresh_token).toMatch(/^eyJ[^.]+\.\.[^.]+\.[^.]+\.[^.]+$/)
  expect(row?.sealed_id_token).toMatch(/^eyJ[^.]+\.\./)
  expect(() => decodeJwt(browser.cookies.get('postern.session') ?? '')).toThrow()
})

test('a sign-in never redirects to another site', async () => {
  for (const from of ['https://evil.example/', '//evil.example/', '/\\evil.example', 'javascript:alert(1)']) {
    const answer = await signInWith(aBrowser(), 'mina', from)
    expect(answer.headers.get('location'), from).toBe(`${testUrl}/`)
  }
})

test('a sign-in that was started in another browser is refused', async () => {
  const back = await signInAs(await beginAt(aBrowser()), `${testUrl}/api/auth/callback/oidc`, 'mina')
  const stranger = aBrowser()
  const answer = stranger.keep(await finishSignIn(stranger.request(back)))
  expect(withoutReference(answer)).toBe(`${testUrl}/sign-in?error=unfinished`)
  expect(stranger.cookies.has('postern.session')).toBe(false)
  expect((await events('session.refused')).at(-1)?.data).toMatchObject({ code: 'unfinished' })
})

test('two tabs in which a sign-in was started both finish, each at its own page', async () => {
  const browser = aBrowser()
  const [first, second] = [await beginAt(browser, '/history'), await beginAt(browser, '/inbox')]
  for (const [url, path] of [
    [second, '/inbox'],
    [first, '/history'],
  ] as const) {
    const back = await signInAs(url, testRedirectUri, 'mina')
    const answer = browser.keep(await finishSignIn(browser.request(back)))
    expect(answer.headers.get('location')).toBe(`${testUrl}${path}`)
    expect((await actorOf(browser))?.person.name).toBe('Mina Okafor')
  }
  expect([...browser.cookies.keys()]).toEqual(['postern.session'])
})

test('a callback that no one started here leaves the sign-ins of other tabs alone', async () => {
  const browser = aBrowser()
  const url = await beginAt(browser, '/inbox')
  for (const query of ['error=access_denied', 'error=access_denied&state=x', 'code=x&state=x', 'code=x']) {
    browser.keep(await finishSignIn(browser.request(`/api/auth/callback/oidc?${query}`)))
  }
  const answer = browser.keep(await finishSignIn(browser.request(await signInAs(url, testRedirectUri, 'mina'))))
  expect(answer.headers.get('location')).toBe(`${testUrl}/inbox`)
})

test('however many sign-ins are started, the browser’s cookies fit into 8 KB', async () => {
  const browser = aBrowser()
  for (let tab = 0; tab < 8; tab++) {
    // A path as long as a form may send, which is too long to return to.
    await beginAt(browser, `/history?type=${'x'.repeat(tab % 2 ? 950 : 5000)}`)
    expect(browser.request('/').headers.get('cookie')?.length).toBeLessThan(8192)
  }
  const answer = await signInWith(browser, 'mina', '/inbox')
  expect(answer.headers.get('location')).toBe(`${testUrl}/inbox`)
})

test('another site cannot start a sign-in', async () => {
  const browser = aBrowser()
  const request = browser.request('/api/auth/signin/oidc', {
    method: 'POST',
    headers: { 'sec-fetch-site': 'cross-site' },
  })
  expect((await beginSignIn(request)).headers.get('location')).toBe(`${testUrl}/sign-in?error=unfinished`)
})

test('a lost group grants nothing from the next refresh on, not even to simultaneous calls', async () => {
  const browser = aBrowser()
  identity.provider.setGroups('tomas', ['sre', 'security-audit'])
  await signInWith(browser, 'tomas')
  expect((await actorOf(browser))?.roles).toEqual(['auditor'])
  identity.provider.setGroups('tomas', ['sre'])
  expect((await actorOf(browser))?.roles, 'refreshed at most every five minutes').toEqual(['auditor'])
  await backdate(6)
  const actors = await Promise.all([actorOf(browser), actorOf(browser), actorOf(browser)])
  expect(actors.map((actor) => [actor?.person.groups, actor?.roles])).toEqual(Array(3).fill([['sre'], []]))
  expect((await events('session.groups-changed')).at(-1)?.data).toEqual({ gained: [], lost: ['security-audit'] })
})

test('a person whom the provider no longer knows is signed out at the next refresh', async () => {
  const browser = aBrowser()
  identity.provider.addPerson('nora', { name: 'Nora Lind', email: 'nora@example.com', groups: [] })
  await signInWith(browser, 'nora')
  identity.provider.removePerson('nora')
  await backdate(6)
  expect(await actorOf(browser)).toBeNull()
  expect(await actorOf(browser)).toBeNull()
})

test('a session expires an hour after it began', async () => {
  const browser = aBrowser()
  await signInWith(browser, 'sam')
  const [row] = await database.asOwner<{ seconds: number }>(
    'SELECT extract(epoch FROM expires_at - created_at)::int AS seconds FROM sessions ORDER BY created_at DESC LIMIT 1',
  )
  expect(row?.seconds).toBe(3600)
  await database.asOwner(`UPDATE sessions SET expires_at = now() - interval '1 second'`)
  expect(await actorOf(browser)).toBeNull()
})

test('signing out ends the session in Postern and at the provider without a confirmation', async () => {
  const browser = aBrowser()
  await signInWith(browser, 'jonas')
  const cookie = browser.cookies.get('postern.session')
  const answer = browser.keep(await signOut(browser.request('/api/auth/sign-out', { method: 'POST' })))
  expect(browser.cookies.has('postern.session')).toBe(false)
  browser.cookies.set('postern.session', cookie ?? '')
  expect(await actorOf(browser), 'a copy of the cookie is useless').toBeNull()
  const providerUrl = new URL(answer.headers.get('location') ?? '')
  expect(providerUrl.origin).toBe(identity.provider.issuer)
  expect(providerUrl.searchParams.get('post_logout_redirect_uri')).toBe(`${testUrl}/signed-out`)
  expect(decodeJwt(providerUrl.searchParams.get('id_token_hint') ?? '').sub).toBe('jonas')
  expect((await fetch(providerUrl, { redirect: 'manual' })).status).toBe(200)
  expect((await events('session.ended')).at(-1)?.actor_name).toBe('Jonas Weber')
})

test('another site cannot sign a person out', async () => {
  const browser = aBrowser()
  await signInWith(browser, 'jonas')
  await signOut(browser.request('/api/auth/sign-out', { method: 'POST', headers: { 'sec-fetch-site': 'cross-site' } }))
  expect(await actorOf(browser)).toMatchObject({ person: { name: 'Jonas Weber' } })
})

test('a forged session cookie signs no one in', async () => {
  const browser = aBrowser()
  for (const value of ['', 'ses_00000000000000000000000000', 'eyJhbGciOiJub25lIn0.eyJzaWQiOiJzZXNfMSJ9.']) {
    browser.cookies.set('postern.session', value)
    expect(await actorOf(browser)).toBeNull()
  }
})

test('a sign-in from which the browser removed the scope email is refused', async () => {
  const browser = aBrowser()
  const requested = new URL(await beginAt(browser))
  requested.searchParams.set('scope', 'openid profile groups')
  const back = await signInAs(requested.href, testRedirectUri, 'priya')
  const answer = browser.keep(await finishSignIn(browser.request(back)))
  expect(withoutReference(answer)).toBe(`${testUrl}/sign-in?error=not-accepted`)
  expect(browser.cookies.has('postern.session')).toBe(false)
  expect((await events('session.refused')).at(-1)).toMatchObject({ data: { code: 'missing-scope' } })
})

// NB: last, because it stops the provider.
test('while the provider is unavailable sessions keep their groups, and no one is signed out', async () => {
  const browser = aBrowser()
  await signInWith(browser, 'priya')
  await identity.provider.stop()
  await backdate(6)
  const [before] = await database.asOwner<{ now: Date }>('SELECT now()')
  expect((await actorOf(browser))?.person.groups).toEqual(['payments-leads'])
  // Groups are good for five minutes, and four of them count as gone: they are refreshed again in a minute.
  const [row] = await database.asOwner<{ triedAt: Date; now: Date }>(
    `SELECT refreshed_at + interval '4 minutes' AS "triedAt", now() FROM sessions ORDER BY created_at DESC LIMIT 1`,
  )
  expect(row?.triedAt.getTime()).toBeGreaterThanOrEqual(before?.now.getTime() ?? Number.NaN)
  expect(row?.triedAt.getTime()).toBeLessThanOrEqual(row?.now.getTime() ?? Number.NaN)
})
