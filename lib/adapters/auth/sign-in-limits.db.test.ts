import { afterAll, expect, test } from 'vitest'
import { aBrowser } from '#testing/browser'
import { callRoute, expectProblem, type RouteModule } from '#testing/call-route'
import { testDatabase } from '#testing/database'
import { testIdentity } from '#testing/identity'
import * as meDoor from '../../../app/api/v1/me/route.ts'
import { takeCall } from './rate-limit.ts'
import { beginSignIn, finishSignIn } from './sign-in.ts'

const database = await testDatabase()
const identity = await testIdentity({ trustedProxies: 1 })
afterAll(async () => {
  await identity.stop()
  await database.drop()
})

const me = meDoor as unknown as RouteModule
const from = (address: string) => ({ 'x-forwarded-for': address })

test('after a thousand refused tokens an address gets 429, and a valid token from the same address still works', async () => {
  const headers = from('203.0.113.20')
  const wrong = () => callRoute(me, { path: '/api/v1/me', token: 'no.such.token', headers })
  for (let call = 0; call < 990; call++) takeCall('unauthenticated', '203.0.113.20')
  let calls = 0
  let refused = await wrong()
  for (; refused.status !== 429; calls++) refused = await wrong()
  expectProblem(refused, 429, 'rate-limited')
  expect(calls).toBeGreaterThanOrEqual(10)
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(1)
  const token = await identity.token('mina')
  expect((await callRoute(me, { path: '/api/v1/me', token, headers })).status).toBe(200)
  expectProblem(await callRoute(me, { path: '/api/v1/me', headers: from('203.0.113.21') }), 401, 'unauthenticated')
})

test('sign-ins from one network are limited before the provider is called, and another network is not affected', async () => {
  const browser = aBrowser()
  const finish = (address: string) =>
    finishSignIn(browser.request('/api/auth/callback/oidc?error=access_denied', { headers: from(address) }))
  for (let call = 0; call < 590; call++) takeCall('sign-in', '203.0.113.30')
  let calls = 0
  let answer = await finish('203.0.113.30')
  for (; answer.status !== 429; calls++) answer = await finish('203.0.113.30')
  expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, '1'])
  expect(calls).toBeGreaterThanOrEqual(10)
  const begin = (address: string) =>
    beginSignIn(browser.request('/api/auth/signin/oidc', { method: 'POST', body: '', headers: from(address) }))
  expect((await begin('203.0.113.30')).status).toBe(429)
  expect((await begin('203.0.113.31')).headers.get('location')).toContain(identity.provider.issuer)
})

test('a form that is too large is not read, whether or not it declares its length', async () => {
  const headers = { ...from('203.0.113.40'), 'content-type': 'application/x-www-form-urlencoded' }
  const large = `callbackUrl=/${'x'.repeat(9_000)}`
  let read = 0
  const endless = new ReadableStream({
    pull(controller) {
      read++
      controller.enqueue(new TextEncoder().encode('x'.repeat(4096)))
    },
  })
  for (const body of [large, endless]) {
    const request = aBrowser().request('/api/auth/signin/oidc', {
      ...{ method: 'POST', body, headers },
      ...{ duplex: 'half' },
    } as RequestInit)
    expect((await beginSignIn(request)).status).toBe(413)
  }
  expect(read).toBeLessThan(6)
})
