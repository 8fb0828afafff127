import { once } from 'node:events'
import { Agent, createServer, type IncomingMessage, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gunzipSync } from 'node:zlib'
import { afterAll, expect, test } from 'vitest'
import type { Handler } from './handle.ts'
import { answerBeforeNext, hardenServer } from './harden-server.ts'
import { methodsOf } from './methods.ts'
import { routeFinder, serveApi } from './serve-api.ts'

const nothing: Handler = async () => new Response(null)
const handlers = methodsOf({ GET: nothing, POST: nothing })
const find = routeFinder({
  '/requests': handlers,
  '/requests/[id]': handlers,
  '/requests/preview': handlers,
  '/requests/[id]/decisions': handlers,
  '/openapi.json': handlers,
})

test.each([
  ['/api/v1/requests', {}],
  ['/api/v1/requests/req_1', { id: 'req_1' }],
  ['/api/v1/requests/req%5f1', { id: 'req_1' }],
  ['/api/v1/requests/previe%77', { id: 'preview' }],
  ['/api/v1/requests/a%2F..%2Fb', { id: 'a/../b' }],
  ['/api/v1/requests/%00', { id: '\0' }],
  ['/api/v1/requests/__proto__', { id: '__proto__' }],
  ['/api/v1/requests/req_1/decisions', { id: 'req_1' }],
  ['/api/v1/openapi.json', {}],
])('%s is found', (path, params) => {
  expect(find('POST', path)).toMatchObject({ params })
})

test('a path with a name of its own is found before one with a parameter in that place', () => {
  expect(find('POST', '/api/v1/requests/preview')).toMatchObject({ params: {} })
})

test.each([
  ...['/', '/api', '/api/v1', '/api/v1/', '/api/v1/unknown', '/api/v2/requests', '/requests', '/api/auth/signin/oidc'],
  ...['/api/v1/requests/', '/api/v1//requests', '//api/v1/requests', '/api/v1/requests/req_1/', '/API/v1/requests'],
  ...[
    '/api/v1/%72equests',
    '/api/v1/requests/.',
    '/api/v1/requests/..',
    '/api/v1/./requests',
    '/api/v1/requests/../me',
  ],
  ...['/api/v1/requests/%2e%2e', '/api/v1/requests/%2E./decisions', '/api/v1/requests/a\\b', '/api/v1/requests\\req_1'],
  ...['/api/v1/__proto__', '/api/v1/requests/req_1/constructor', '/api/v1/requests/req_1/decisions/x'],
])('%s is left to Next.js', (path) => {
  expect(find('GET', path)).toBeUndefined()
})

test('a method that no route has is left to Next.js', () => {
  for (const method of ['TRACE', 'CONNECT', 'get', 'constructor', ''])
    expect(find(method, '/api/v1/requests')).toBeUndefined()
})

// Over a real connection, hardened as in production.
hardenServer()
const signals: AbortSignal[] = []
const waiting = Promise.withResolvers<void>()
const echo: Handler = async (call, { params }) => {
  const headers = Object.fromEntries(call.headers)
  return Response.json({ method: call.method, url: call.url, params: await params, headers, body: await call.text() })
}
const hang: Handler = async (call) => {
  signals.push(call.signal)
  waiting.resolve()
  return new Promise(() => {})
}
const fail: Handler = async () => {
  throw new Error('the secret of this process')
}
const file =
  (isWhole: boolean): Handler =>
  async () => {
    let count = 0
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        count += 1
        if (count <= 3) return controller.enqueue(Buffer.from(`line ${count}\n`))
        if (isWhole) controller.close()
        else controller.error(new Error('the database is gone'))
      },
    })
    return new Response(body, { headers: { 'content-disposition': 'attachment; filename="a"' } })
  }
// A busy machine may need long between two calls of one connection.
const server = createServer({ keepAliveTimeout: 60_000 }, (_, response) => response.writeHead(418).end('Next.js'))
answerBeforeNext(
  serveApi(
    {
      '/echo': methodsOf({ GET: echo, POST: echo }),
      '/echo/[id]': methodsOf({ GET: echo, POST: echo }),
      '/hang': methodsOf({ GET: hang }),
      '/fail': methodsOf({ GET: fail }),
      '/whole': methodsOf({ GET: file(true) }),
      '/broken': methodsOf({ GET: file(false) }),
    },
    () => true,
  ),
)
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
const { port } = server.address() as AddressInfo
const agent = new Agent({ keepAlive: true, maxSockets: 1 })
afterAll(() => {
  agent.destroy()
  return new Promise((resolve) => server.close(resolve))
})

type Sent = { method?: string; headers?: Record<string, string>; body?: string }
async function send(path: string, { method = 'GET', headers = {}, body }: Sent = {}) {
  const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }
  const sent = request({ host: '127.0.0.1', port, path, method, headers: { ...headers, ...length }, agent }).end(body)
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk)
  const received = Buffer.concat(chunks)
  const isCompressed = response.headers['content-encoding'] === 'gzip'
  const text = String(isCompressed ? gunzipSync(received) : received)
  return { status: response.statusCode, headers: response.headers, text, isCompressed }
}

test('a call reaches its route with its method, address, parameters, headers and body', async () => {
  const headers = { authorization: 'Bearer x', 'content-type': 'application/json', 'x-forwarded-for': '192.0.2.1' }
  const answer = await send('/api/v1/echo/req_1?wait=PT1S&a=%20b', { method: 'POST', headers, body: '{"a":"ü"}' })
  expect(JSON.parse(answer.text)).toMatchObject({
    ...{ method: 'POST', url: 'http://localhost/api/v1/echo/req_1?wait=PT1S&a=%20b', params: { id: 'req_1' } },
    ...{ headers, body: '{"a":"ü"}' },
  })
})

test('a response has the security headers of every response, and those of its route where both have one', async () => {
  const { headers, status } = await send('/api/v1/echo', { method: 'PUT' })
  expect(status).toBe(405)
  expect(headers).toMatchObject({
    ...{ allow: 'GET, HEAD, POST, OPTIONS', 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' },
    ...{
      'strict-transport-security': 'max-age=63072000',
      'x-frame-options': 'DENY',
      'cross-origin-opener-policy': 'same-origin',
      'x-content-type-options': 'nosniff',
    },
  })
})

test('a body that the route does not read, or that a read should not have, does not disturb the next call', async () => {
  for (const method of ['PUT', 'GET', 'HEAD', 'OPTIONS', 'POST']) {
    await send('/api/v1/echo', { method, body: 'x'.repeat(200_000) })
    expect(JSON.parse((await send('/api/v1/echo', { method: 'POST', body: 'next' })).text).body, method).toBe('next')
  }
})

test('HEAD has the status and the headers of GET, and no body', async () => {
  const { status, headers, text } = await send('/api/v1/echo', { method: 'HEAD' })
  expect({ status, text, type: headers['content-type'] }).toEqual({ status: 200, text: '', type: 'application/json' })
})

test('an error of Postern itself is a problem without its message', async () => {
  const { status, headers, text } = await send('/api/v1/fail')
  expect({ status, type: headers['content-type'] }).toEqual({ status: 500, type: 'application/problem+json' })
  expect(text).toContain('"code":"internal"')
  expect(text).not.toContain('secret')
})

test('a file arrives whole, and one that breaks off breaks the connection', async () => {
  expect((await send('/api/v1/whole')).text).toBe('line 1\nline 2\nline 3\n')
  await expect(send('/api/v1/broken')).rejects.toThrow(/aborted|socket hang up/)
})

test.each([
  ['gzip', 2000, true],
  ['br, GZIP;q=0.5', 2000, true],
  ['gzip', 10, false],
  ['gzip;q=0', 2000, false],
  ['gzip;q=0.000', 2000, false],
  ['gzip;q=x', 2000, false],
  ['identity', 2000, false],
])('for a caller that accepts %s, a response to %i bytes is compressed: %s', async (coding, length, isCompressed) => {
  const body = 'x'.repeat(length)
  const answer = await send('/api/v1/echo', { method: 'POST', headers: { 'accept-encoding': coding }, body })
  expect(answer).toMatchObject({ status: 200, isCompressed })
  expect(JSON.parse(answer.text).body).toBe(body)
})

test('a file is compressed on its way, and one that breaks off still breaks the connection', async () => {
  const headers = { 'accept-encoding': 'gzip' }
  const { text, isCompressed } = await send('/api/v1/whole', { headers })
  expect({ text, isCompressed }).toEqual({ text: 'line 1\nline 2\nline 3\n', isCompressed: true })
  await expect(send('/api/v1/broken', { headers })).rejects.toThrow(/aborted|socket hang up/)
})

test('a route hears of a caller who has gone', async () => {
  const sent = request({ host: '127.0.0.1', port, path: '/api/v1/hang' }).end()
  sent.on('error', () => {})
  await waiting.promise
  const [signal] = signals
  const gone = signal && once(signal, 'abort')
  sent.destroy()
  await gone
  expect(signal?.aborted).toBe(true)
})

test('every other call reaches Next.js', async () => {
  for (const path of ['/', '/inbox', '/api/v1/unknown', '/api/v1/echo/', '/api/v1/%65cho'])
    expect(await send(path), path).toMatchObject({ status: 418, text: 'Next.js' })
})
