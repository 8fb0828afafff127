import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, expect, test } from 'vitest'
import { clientAddressOf, notePeerAddresses } from './client-address.ts'

// Before the server is created, as in production.
notePeerAddresses()
let received: IncomingHttpHeaders = {}
const server = createServer((request, response) => {
  received = request.headers
  response.end()
})
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
afterAll(() => new Promise((resolve) => server.close(resolve)))

async function addressOf(headers: Record<string, string>, trustedProxies: number) {
  await fetch(url, { headers })
  return clientAddressOf(new Headers(received as Record<string, string>), trustedProxies)
}

test('without a trusted proxy the client’s address is that of the connection, whatever its headers claim', async () => {
  expect(await addressOf({}, 0)).toBe('127.0.0.1')
  expect(await addressOf({ 'x-forwarded-for': '203.0.113.9' }, 0)).toBe('127.0.0.1')
})

test('each trusted proxy adds one trusted entry, and entries from the client are ignored', async () => {
  const claimed = { 'x-forwarded-for': '6.6.6.6, 203.0.113.9, 10.0.0.1' }
  expect(await addressOf(claimed, 1)).toBe('10.0.0.1')
  expect(await addressOf(claimed, 2)).toBe('203.0.113.9')
})

test('text that is not an IP address yields no client address', async () => {
  expect(await addressOf({ 'x-forwarded-for': '<script>' }, 1)).toBeNull()
})

test('where the connection’s address is unknown, a client’s header does not replace it', () => {
  const claimed = new Headers({ 'x-forwarded-for': '6.6.6.6, 203.0.113.9' })
  expect(clientAddressOf(claimed, 0)).toBeNull()
  expect(clientAddressOf(claimed, 1)).toBe('203.0.113.9')
})
