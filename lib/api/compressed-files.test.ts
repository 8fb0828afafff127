import { createServer, type IncomingMessage, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { brotliCompressSync } from 'node:zlib'
import { afterAll, expect, test } from 'vitest'
import { serveCompressed } from './compressed-files.ts'

const content = brotliCompressSync('let a = 1')
const files = new Map([['/_next/static/chunks/1.js', { type: 'application/javascript; charset=UTF-8', content }]])
const answer = serveCompressed(files, () => true)
const server = createServer((call, response) => {
  if (!answer(call, response)) response.writeHead(404).end()
})
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
afterAll(() => new Promise((resolve) => server.close(resolve)))

const call = (method: string, path: string, encodings?: string) =>
  new Promise<{ response: IncomingMessage; body: Buffer }>((resolve, reject) => {
    const { port } = server.address() as AddressInfo
    const headers = encodings === undefined ? {} : { 'accept-encoding': encodings }
    request({ host: '127.0.0.1', port, method, path, headers, agent: false }, async (response) =>
      resolve({ response, body: Buffer.concat(await response.toArray()) }),
    )
      .on('error', reject)
      .end()
  })

const script = '/_next/static/chunks/1.js'

test('a browser gets a script as the build compressed it, and may cache it for a year', async () => {
  const { response, body } = await call('GET', script, 'gzip, deflate, br, zstd')
  expect(response.statusCode).toBe(200)
  expect(body).toEqual(content)
  expect(response.headers).toMatchObject({
    ...{ 'content-type': 'application/javascript; charset=UTF-8', 'content-encoding': 'br', vary: 'Accept-Encoding' },
    ...{ 'cache-control': 'public, max-age=31536000, immutable', 'x-content-type-options': 'nosniff' },
    ...{ 'cross-origin-resource-policy': 'same-origin', 'content-length': String(content.length) },
    'strict-transport-security': 'max-age=63072000',
  })
  const head = await call('HEAD', script, 'br')
  expect([head.response.headers['content-length'], head.body.length]).toEqual([String(content.length), 0])
})

test('Next.js answers clients without Brotli, other methods and other paths', async () => {
  for (const [method, path, encodings] of [
    ['GET', script, undefined],
    ['GET', script, 'gzip'],
    ['GET', script, 'br;q=0, gzip'],
    ['POST', script, 'br'],
    ['GET', '/_next/static/chunks/../chunks/1.js', 'br'],
    ['GET', '/_next/static/chunks/1.js.br', 'br'],
    ['GET', '/', 'br'],
  ] as const)
    expect((await call(method, path, encodings)).response.statusCode, `${method} ${path} ${encodings}`).toBe(404)
})
