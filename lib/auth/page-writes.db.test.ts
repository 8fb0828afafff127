import { NextRequest } from 'next/server'
import { afterAll, expect, test } from 'vitest'
import { testDatabase } from '#lib/testing/database'
import { testUrl } from '#lib/testing/identity'
import { testPolicy } from '#lib/testing/policy'
import { proxy } from '../../proxy.ts'

const database = await testDatabase()
const policy = await testPolicy()
afterAll(async () => {
  await policy.stop()
  await database.drop()
})

const statusOf = (method: string, headers: Record<string, string>) =>
  proxy(new NextRequest(`${testUrl}/inbox`, { method, headers: { 'next-action': '40aa', ...headers } })).status

test('an action counts only from Postern’s own pages, whatever Host says and whether or not an Origin is sent', () => {
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
    expect(statusOf('POST', headers as Record<string, string>), JSON.stringify(headers)).toBe(403)
  expect(statusOf('POST', { origin: testUrl, 'sec-fetch-site': 'same-origin' })).toBe(200)
  expect(statusOf('POST', { origin: testUrl })).toBe(200)
})

test('a page is read, or written to by an action, and nothing else', () => {
  for (const method of ['PUT', 'PATCH', 'DELETE', 'PROPFIND'])
    expect(statusOf(method, { origin: testUrl, 'sec-fetch-site': 'same-origin' }), method).toBe(405)
  for (const method of ['GET', 'HEAD']) expect(statusOf(method, { 'sec-fetch-site': 'cross-site' })).toBe(200)
})
