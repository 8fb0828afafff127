import { NextRequest } from 'next/server'
import { encode } from 'next-auth/jwt'
import { afterAll, expect, test } from 'vitest'
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

const statusOf = async (method: string, headers: Record<string, string>) =>
  (await proxy(new NextRequest(`${testUrl}/inbox`, { method, headers: { 'next-action': '40aa', ...headers } }))).status

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
  expect(await statusOf('POST', { origin: testUrl, 'sec-fetch-site': 'same-origin' })).toBe(200)
  expect(await statusOf('POST', { origin: testUrl })).toBe(200)
})

test('a page accepts GET, HEAD and POST, and refuses every other method', async () => {
  for (const method of ['PUT', 'PATCH', 'DELETE', 'PROPFIND'])
    expect(await statusOf(method, { origin: testUrl, 'sec-fetch-site': 'same-origin' }), method).toBe(405)
  for (const method of ['GET', 'HEAD']) expect(await statusOf(method, { 'sec-fetch-site': 'cross-site' })).toBe(200)
})

test('a body larger than any form of Postern is refused before a page reads it', async () => {
  const own = { origin: testUrl, 'sec-fetch-site': 'same-origin' }
  expect(await statusOf('POST', { ...own, 'content-length': String(256 * 1024) })).toBe(200)
  expect(await statusOf('POST', { ...own, 'content-length': String(256 * 1024 + 1) })).toBe(413)
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
