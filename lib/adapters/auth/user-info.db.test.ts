import type { JWTPayload } from 'jose'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { metrics } from '#lib/observability/metrics'
import { aBrowser, type Browser, beginAt } from '#testing/browser'
import { aConfiguration } from '#testing/configuration'
import { testDatabase } from '#testing/database'
import { startHostileIssuer } from '#testing/hostile-issuer'
import { testPolicy } from '#testing/policy'
import { actorOfSession } from './actor-of-session.ts'
import { cookieOf } from './cookies.ts'
import { originOf } from './origin.ts'
import { finishSignIn } from './sign-in.ts'

// A provider whose ID token has only the subject, as OpenID Connect Core §5.4 describes for the code flow.

const database = await testDatabase()
const hostile = await startHostileIssuer()
const policy = await testPolicy(
  aConfiguration({ identity: { issuer: hostile.issuer, clientId: 'postern', apiAudience: 'postern-api' } }),
)
afterAll(async () => {
  await policy.stop()
  await hostile.stop()
  await database.drop()
})

const complete = {
  sub: 'mina',
  name: 'Mina',
  email: 'mina@example.com',
  email_verified: true,
  groups: ['payments-dev'],
}
const { answers, userInfoCalls } = hostile

beforeEach(() => {
  Object.assign(answers, { idToken: '', tokenStatus: 200, refreshToken: 'refresh' })
  Object.assign(answers, { userInfo: complete, userInfoStatus: 200 })
  userInfoCalls.length = 0
})

const now = () => Math.floor(Date.now() / 1000)
const idToken = (claims: JWTPayload = {}) =>
  hostile.sign({ iss: hostile.issuer, aud: 'postern', sub: 'mina', iat: now(), exp: now() + 300, ...claims })

/** A whole sign-in, at which the provider issues an ID token with these claims. */
async function signIn(claims: JWTPayload = {}): Promise<{ browser: Browser; location: string | null }> {
  const browser = aBrowser()
  const query = new URL(await beginAt(browser)).searchParams
  answers.idToken = await idToken({ nonce: query.get('nonce') ?? '', ...claims })
  const path = `/api/auth/callback/oidc?code=anything&state=${encodeURIComponent(query.get('state') ?? '')}`
  const answer = browser.keep(await finishSignIn(browser.request(path)))
  return { browser, location: answer.headers.get('location') }
}

const actorOf = (browser: Browser) => {
  const { headers } = browser.request('/')
  return actorOfSession(cookieOf(headers, 'postern.session'), originOf(headers, 'browser'))
}

/** The actor after a refresh at which the provider issues an ID token with these claims, or none. */
async function refreshed(browser: Browser, claims: JWTPayload | null = {}) {
  await database.asOwner(`UPDATE sessions SET refreshed_at = now() - interval '6 minutes'`)
  answers.idToken = claims ? await idToken(claims) : ''
  return actorOf(browser)
}

const lastEvent = async (type: string) => {
  const [row] = await database.asOwner<{ data: Record<string, unknown> }>(
    'SELECT data FROM audit_events WHERE type = $1 ORDER BY seq DESC LIMIT 1',
    [type],
  )
  return row?.data
}

const sessions = async () => {
  const [row] = await database.asOwner<{ n: number }>('SELECT count(*)::int AS n FROM sessions')
  return row?.n
}

describe('at sign-in', () => {
  test('UserInfo supplies the name, the e-mail address and the groups that the ID token lacks', async () => {
    const { browser } = await signIn()
    expect((await actorOf(browser))?.person).toMatchObject({
      ...{ name: 'Mina', email: 'mina@example.com', emailVerified: true, groups: ['payments-dev'] },
    })
    expect(userInfoCalls).toEqual([{ url: '/userinfo', authorization: 'Bearer opaque' }])
  })

  test('an ID token with every claim is enough', async () => {
    await signIn({ ...complete, groups: [] })
    expect(userInfoCalls).toEqual([])
  })

  test('UserInfo does not replace groups that the ID token lists', async () => {
    answers.userInfo = { ...complete, groups: ['platform-admins'] }
    const { browser } = await signIn({ groups: ['payments-dev'] })
    expect((await actorOf(browser))?.person.groups).toEqual(['payments-dev'])
  })

  test.each([
    ['another subject', { ...complete, sub: 'ola' }],
    ['no subject', { ...complete, sub: undefined }],
    ['a subject of another type', { ...complete, sub: ['mina'] }],
  ])('UserInfo with %s is refused, and creates no session', async (_, userInfo) => {
    const before = await sessions()
    answers.userInfo = userInfo
    const { location } = await signIn()
    expect(location).toMatch(/error=not-accepted/)
    expect(await lastEvent('session.refused')).toMatchObject({ code: 'wrong-subject' })
    expect(await sessions()).toBe(before)
  })

  test('while UserInfo does not respond no one signs in', async () => {
    for (const status of [500, 503, 429]) {
      answers.userInfoStatus = status
      expect((await signIn()).location, `${status}`).toMatch(/error=unavailable/)
    }
  })

  test('a provider that refuses to send UserInfo has sent no groups, which the history says', async () => {
    for (const status of [401, 403, 404]) {
      answers.userInfoStatus = status
      const { browser } = await signIn()
      expect((await actorOf(browser))?.person).toMatchObject({ groups: [], groupsProblem: 'absent' })
      expect(await lastEvent('session.groups-missing')).toEqual({
        ...{ problem: 'absent', claim: 'groups' },
        received: ['aud', 'exp', 'iat', 'iss', 'nonce', 'sub'],
      })
    }
  })

  test('too many groups for the token are an overage, and groups that are objects are unusable', async () => {
    answers.userInfo = { sub: 'mina' }
    const overage = await signIn({ _claim_names: { groups: 'src1' } })
    expect((await actorOf(overage.browser))?.person).toMatchObject({ groups: [], groupsProblem: 'overage' })
    answers.userInfo = { ...complete, groups: [{ id: 'sre' }] }
    const objects = await signIn()
    expect((await actorOf(objects.browser))?.person).toMatchObject({ groups: [], groupsProblem: 'unusable' })
    const listed = await signIn(complete)
    expect((await actorOf(listed.browser))?.person).toMatchObject({ groups: ['payments-dev'], groupsProblem: null })
  })
})

test('each answer without groups is counted by method and problem', async () => {
  const counted = async () => {
    const { values } = await metrics().groupsMissing.get()
    const of = (method: string) => values.find(({ labels }) => labels.method === method && labels.problem === 'absent')
    return ['sign-in', 'refresh'].map((method) => of(method)?.value ?? 0)
  }
  const [signIns = 0, refreshes = 0] = await counted()
  answers.userInfo = undefined
  const { browser } = await signIn()
  await refreshed(browser)
  expect(await counted()).toEqual([signIns + 1, refreshes + 1])
})

describe('at a refresh', () => {
  test('UserInfo supplies what the ID token lacks', async () => {
    const { browser } = await signIn()
    answers.userInfo = { ...complete, groups: ['sre'] }
    expect((await refreshed(browser))?.person.groups).toEqual(['sre'])
  })

  test('UserInfo is enough where the response has no ID token', async () => {
    const { browser } = await signIn()
    answers.userInfo = { ...complete, groups: ['sre'] }
    expect((await refreshed(browser, null))?.person.groups).toEqual(['sre'])
  })

  test.each([
    ['with an ID token', {}],
    ['without an ID token', null],
  ])('UserInfo about another person ends the session (%s)', async (_, claims) => {
    const { browser } = await signIn()
    answers.userInfo = { ...complete, sub: 'ola', groups: ['platform-admins'] }
    expect(await refreshed(browser, claims)).toBeNull()
    Object.assign(answers, { userInfo: complete })
    expect(await actorOf(browser)).toBeNull()
  })

  test('while UserInfo does not respond the session keeps its groups', async () => {
    const { browser } = await signIn()
    answers.userInfoStatus = 503
    expect((await refreshed(browser))?.person.groups).toEqual(['payments-dev'])
  })

  test('groups that the provider no longer sends are lost, and the history says so once', async () => {
    const { browser } = await signIn()
    answers.userInfo = { ...complete, groups: undefined }
    const count = async () =>
      (await database.asOwner(`SELECT 1 FROM audit_events WHERE type = 'session.groups-missing'`)).length
    const before = await count()
    expect((await refreshed(browser))?.person).toMatchObject({ groups: [], groupsProblem: 'absent' })
    expect(await lastEvent('session.groups-changed')).toEqual({ gained: [], lost: ['payments-dev'] })
    expect((await refreshed(browser))?.person.groups).toEqual([])
    expect(await count()).toBe(before + 1)
  })
})
