import { NextRequest } from 'next/server'
import { encode } from 'next-auth/jwt'
import { afterAll, expect, test } from 'vitest'
import { env } from '#lib/env'
import { aConfiguration } from '#testing/configuration'
import { testDatabase } from '#testing/database'
import { testUrl } from '#testing/identity'
import { testPolicy } from '#testing/policy'
import { proxy } from '../../../proxy.ts'

const database = await testDatabase()
const policy = await testPolicy()
afterAll(async () => {
  await policy.stop()
  await database.drop()
})

const anAction = { 'next-action': '40'.repeat(21), 'content-type': 'text/plain' }
const respond = (method: string, headers: Record<string, string>, body?: string) =>
  proxy(new NextRequest(`${testUrl}/inbox`, { method, headers, ...(method === 'POST' ? { body: body ?? '[]' } : {}) }))
const statusOf = async (method: string, headers: Record<string, string>) =>
  (await respond(method, { ...anAction, ...headers })).status
/** Passed to the action, or refused because the build, where there is one, has no such action. */
const passed = [200, 409]

test('only Postern’s own pages may call an action, whatever the Host header says and with or without an Origin', async () => {
  const evil = 'https://evil.example'
  for (const headers of [
    {},
    { origin: evil },
    { origin: 'null' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { 'sec-fetch-site': 'none' },
    { origin: evil, host: 'evil.example' },
    { origin: evil, 'x-forwarded-host': 'evil.example' },
    { origin: testUrl, 'sec-fetch-site': 'same-site' },
  ])
    expect(await statusOf('POST', headers as Record<string, string>), JSON.stringify(headers)).toBe(403)
  expect(passed).toContain(await statusOf('POST', { origin: testUrl, 'sec-fetch-site': 'same-origin' }))
  expect(passed).toContain(await statusOf('POST', { origin: testUrl }))
})

test('a page accepts GET, HEAD and POST, and refuses every other method', async () => {
  for (const method of ['PUT', 'PATCH', 'DELETE', 'PROPFIND'])
    expect(await statusOf(method, { origin: testUrl, 'sec-fetch-site': 'same-origin' }), method).toBe(405)
  for (const method of ['GET', 'HEAD']) expect(await statusOf(method, { 'sec-fetch-site': 'cross-site' })).toBe(200)
})

test('a body larger than any form of Postern is refused before a page reads it', async () => {
  const own = { origin: testUrl, 'sec-fetch-site': 'same-origin' }
  const status = async (length: number, declared = {}) =>
    (await respond('POST', { ...anAction, ...own, ...declared }, `["${'x'.repeat(length - 4)}"]`)).status
  expect(passed).toContain(await status(256 * 1024))
  expect(await status(256 * 1024 + 1)).toBe(413)
  expect(await status(10, { 'content-length': String(256 * 1024 + 1) })).toBe(413)
})

test('a POST that is no form or action of Postern is refused, with a page for a browser and a problem for a script', async () => {
  const own = { origin: testUrl, 'sec-fetch-site': 'same-origin' }
  const problem = await respond('POST', { ...own, ...anAction, 'next-action': 'x' }, '[]')
  expect([problem.status, problem.headers.get('content-type')]).toEqual([400, 'application/problem+json'])
  expect(await problem.json()).toMatchObject({ code: 'malformed', status: 400 })
  const form = { ...own, 'content-type': 'application/x-www-form-urlencoded', accept: 'text/html,*/*' }
  const page = await respond('POST', form, 'theme=dark')
  expect([page.status, page.headers.get('content-type')]).toEqual([400, 'text/html; charset=utf-8'])
  expect(await page.text()).toContain('This is not a form or an action of Postern.')
})

test('page loads without a session are limited per network, and a forged cookie does not count as a session', async () => {
  await policy.change(aConfiguration({ trustedProxies: 1 }))
  const open = async (headers: Record<string, string>) =>
    proxy(new NextRequest(`${testUrl}/sign-in`, { headers: { 'x-forwarded-for': '203.0.113.7', ...headers } }))
  let refused: Response | undefined
  for (let page = 0; page < 5_000 && !refused; page++) {
    const answer = await open({})
    if (answer.status !== 200) refused = answer
  }
  expect([refused?.status, refused?.headers.get('retry-after')]).toEqual([429, '1'])
  const forged = await Promise.all(Array.from({ length: 100 }, () => open({ cookie: 'postern.session=made-up' })))
  expect(forged.map(({ status }) => status)).toContain(429)
  const cookie = await encode({
    token: { sid: 'ses_x', per: 'per_x' },
    secret: process.env.POSTERN_SESSION_SECRET ?? '',
  })
  expect((await open({ cookie: `postern.session=${cookie}` })).status).toBe(200)
  expect((await open({ 'x-forwarded-for': '203.0.113.8' })).status).toBe(200)
})

test('a worker answers no path but that of token reviews, not even one that begins like it', async () => {
  const settings = env()
  const { role } = settings
  settings.role = 'worker'
  const statusAt = async (path: string) => (await proxy(new NextRequest(`${testUrl}${path}`))).status
  const paths = [
    '/authenticate/prod-eu',
    '/authenticate/',
    '/authenticate/prod-eu/',
    '/authenticate/prod-eu/x',
    '/inbox',
  ]
  const statuses = await Promise.all(paths.map(statusAt)).finally(() => {
    settings.role = role
  })
  expect(statuses).toEqual([200, 404, 404, 404, 404])
})
