import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, expect, test } from 'vitest'
import { clientAddressOf, notePeerAddresses } from './client-address.ts'

// Before the server exists, as in production.
notePeerAddresses()
let seen: IncomingHttpHeaders = {}
const server = createServer((request, response) => {
  seen = request.headers
  response.end()
})
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
afterAll(() => new Promise((resolve) => server.close(resolve)))

async function addressSeen(headers: Record<string, string>, trustedProxies: number) {
  await fetch(url, { headers })
  return clientAddressOf(new Headers(seen as Record<string, string>), trustedProxies)
}

test('without a trusted proxy the address is the connection’s, whatever the client claims', async () => {
  expect(await addressSeen({}, 0)).toBe('127.0.0.1')
  expect(await addressSeen({ 'x-forwarded-for': '203.0.113.9' }, 0)).toBe('127.0.0.1')
})

test('each trusted proxy is believed about one hop, and the client about none', async () => {
  const claimed = { 'x-forwarded-for': '6.6.6.6, 203.0.113.9, 10.0.0.1' }
  expect(await addressSeen(claimed, 1)).toBe('10.0.0.1')
  expect(await addressSeen(claimed, 2)).toBe('203.0.113.9')
})

test('what is no address is not recorded as one', async () => {
  expect(await addressSeen({ 'x-forwarded-for': '<script>' }, 1)).toBeNull()
})

test('where the connection is not known, what a client claims is not taken for it', () => {
  const claimed = new Headers({ 'x-forwarded-for': '6.6.6.6, 203.0.113.9' })
  expect(clientAddressOf(claimed, 0)).toBeNull()
  expect(clientAddressOf(claimed, 1)).toBe('203.0.113.9')
})
