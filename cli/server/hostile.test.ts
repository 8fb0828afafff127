// What a server could do to a terminal, or to the token that it receives.

import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generate } from 'selfsigned'
import { afterEach, expect, test } from 'vitest'
import { signerOf } from '#lib/core/log/checkpoint'
import { spawnPostern } from '../running.testing.ts'

const hostile = '\u001b[2J\u001b]0;title\u0007\u202eevil\u009b31m\r\n'
const token = 'a-token-that-no-one-may-see'

let stop: () => void = () => {}
afterEach(() => stop())

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  stop = () => {
    server.close()
    server.closeAllConnections()
  }
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const json =
  (status: number, body: unknown): RequestListener =>
  (_request, response) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))

const call = (server: string, ...args: string[]) =>
  spawnPostern(args, { env: { POSTERN_SERVER: server, POSTERN_TOKEN: token, POSTERN_HOME: '/nonexistent/postern' } })

const me = {
  ...{ subject: `s${hostile}`, name: `n${hostile}`, email: null, emailVerified: false, issuer: `i${hostile}` },
  ...{ groups: [`g${hostile}`], roles: [], claims: { groups: hostile } },
  sessions: [{ startedAt: hostile, expiresAt: hostile, clientAddress: hostile }],
}

/** Everything but line ends that a terminal would obey, or that would hide or reorder text. */
const unsafe = /[^\n\P{Cc}]|\p{Cf}/u

test.each(['table', 'json', 'yaml', 'name'])(
  'no control character of a server reaches the terminal as %s',
  async (format) => {
    const { code, out } = await call(await serve(json(200, me)), 'whoami', '-o', format)
    expect(code).toBe(0)
    expect(out).not.toMatch(unsafe)
    expect(out).toContain('evil')
  },
)

test('no control character of a refusal reaches the terminal', async () => {
  const problem = {
    code: 'forbidden',
    detail: hostile,
    errors: [{ pointer: hostile, message: hostile }],
    reference: hostile,
  }
  const { code, err } = await call(await serve(json(403, problem)), 'whoami')
  expect([code, unsafe.test(err)]).toEqual([1, false])
})

test('a reason that concerns no single field is shown once, and the others with their fields', async () => {
  const detail = 'This request can’t be approved: it is void.'
  const errors = [
    { pointer: '', message: 'it is void.' },
    { pointer: '', message: 'Ask again.' },
    { pointer: '/note', message: 'is too long' },
  ]
  const { err } = await call(await serve(json(409, { code: 'conflict', detail, errors })), 'whoami')
  expect(err).toBe(`error: ${detail}\n  Ask again.\n  /note: is too long\n`)
})

test.each([
  [['ls'], 4],
  [['log', 'export'], 2],
])('a response without an end is given up at 16 MB: postern %j', async (args, expected) => {
  let sent = 0
  const server = await serve((_request, response) => {
    const chunk = Buffer.alloc(1024 * 1024, 'x')
    const more = () => {
      while (sent < 400 && response.write(chunk)) sent++
    }
    response.on('drain', more)
    more()
  })
  const { code, err } = await call(server, ...args)
  expect([code, err]).toEqual([expected, expect.stringContaining('more than 16 MB')])
  expect(sent).toBeLessThan(100)
})

test.each([
  ['from the same place', 0],
  ['without any entry', 1],
])('a server that says again and again that the log goes on %s is given up', async (_, step) => {
  const server = await serve((request, response) => {
    const from = Number(new URL(request.url ?? '', 'http://localhost').searchParams.get('from'))
    return json(200, { size: 1, entries: [], withoutLeaf: [], next: from + step })(request, response)
  })
  const { code, err } = await call(server, 'log', 'export')
  expect([code, err]).toEqual([2, expect.stringContaining("doesn't support the response")])
})

test('an evidence pack can be read only by the person who saved it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'postern-pack-'))
  const file = join(folder, 'evidence.zip')
  const server = await serve((_request, response) => response.end('PK'))
  const saved = await call(server, 'log', 'export', '--request', 'req_1', '--pack', file)
  expect([saved.code, readFileSync(file, 'utf8'), statSync(file).mode & 0o777]).toEqual([0, 'PK', 0o600])
  rmSync(folder, { recursive: true })
})

test('a redirect is not followed, so that the token stays with its server', async () => {
  const seen: string[] = []
  const other = createServer((request, response) => {
    seen.push(String(request.headers.authorization))
    response.end('{}')
  })
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
  const { port } = other.address() as AddressInfo
  const server = await serve((_request, response) =>
    response.writeHead(307, { location: `http://127.0.0.1:${port}/` }).end(),
  )
  expect((await call(server, 'whoami')).code).toBe(4)
  expect(seen).toEqual([])
  other.close()
})

test('a wrong certificate ends the command before the token is sent, and no message contains the token', async () => {
  const { private: key, cert } = await generate([{ name: 'commonName', value: 'postern.example.com' }])
  let calls = 0
  const server = createSecureServer({ key, cert }, (_request, response) => {
    calls++
    response.end('{}')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { code, out, err } = await call(`https://127.0.0.1:${(server.address() as AddressInfo).port}`, 'whoami')
  server.close()
  expect([code, calls]).toEqual([4, 0])
  expect(err).toMatch(/certificate/i)
  expect(out + err).not.toContain(token)
})

test.each([
  ['that is not JSON', '<html>', 4],
  ['of another shape', '{"name": 3}', 4],
])('a response %s is refused', async (_, body, expected) => {
  const server = await serve((_request, response) => response.end(body))
  expect((await call(server, 'whoami')).code).toBe(expected)
})

/** A server that names itself as its identity provider. */
function aProvider(answers: Record<string, (url: string) => RequestListener>): Promise<string> {
  return serve((request, response) => {
    const url = `http://${request.headers.host}`
    const path = request.url?.split('?')[0] ?? ''
    const named = { resource: url, authorization_servers: [url], postern_cli: { client_id: 'cli' } }
    const answer = path === '/.well-known/oauth-protected-resource' ? () => json(200, named) : answers[path]
    if (!answer) return response.writeHead(404).end()
    answer(url)(request, response)
  })
}
const description = '/.well-known/openid-configuration'

const signIn = (server: string) =>
  spawnPostern(['login', server, '--device'], { env: { POSTERN_HOME: '/nonexistent/postern' } })

test.each([
  ['far too long', 1e12],
  ['zero', 1e-9],
])('an identity provider that names an interval that is %s is not asked again and again', async (_, interval) => {
  let questions = 0
  const server = await aProvider({
    [description]: (issuer) =>
      json(200, { issuer, token_endpoint: `${issuer}/token`, device_authorization_endpoint: `${issuer}/device` }),
    '/device': (issuer) =>
      json(200, {
        ...{ device_code: 'secret', user_code: `A${hostile}`, verification_uri: `${issuer}/${hostile}` },
        ...{ expires_in: 2, interval },
      }),
    '/token': () => {
      questions++
      return json(400, { error: 'authorization_pending' })
    },
  })
  const { code, err } = await signIn(server)
  expect([code, unsafe.test(err)]).toEqual([5, false])
  expect(questions).toBeLessThan(5)
})

test('the description of an identity provider without an end is given up at 16 MB', async () => {
  const server = await aProvider({
    [description]: () => (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      const chunk = Buffer.alloc(1024 * 1024, ' ')
      const more = () => {
        while (response.write(chunk));
      }
      response.on('drain', more)
      more()
    },
  })
  const { code, err } = await signIn(server)
  expect([code, err]).toEqual([4, expect.stringContaining('more than 16 MB')])
})

test('a bucket whose list of versions never ends is given up', async () => {
  let pages = 0
  const bucket = await serve((_request, response) => {
    pages += 1
    const marker = String(pages).padStart(12, '0')
    response.end(`<IsTruncated>true</IsTruncated><NextKeyMarker>checkpoint-${marker}</NextKeyMarker>`)
  })
  const { verifier } = signerOf('postern.example.com/log', generateKeyPairSync('ed25519').privateKey)
  const { code, err } = await spawnPostern(
    ['log', 'verify', '--key', verifier.text, '--anchor', `${bucket}/checkpoints`],
    {
      env: { AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: token },
    },
  )
  expect([code, err]).toEqual([2, expect.stringContaining('the bucket lists more than 200000 versions of checkpoints')])
  expect(pages).toBeLessThan(1100)
})

test('the exit code says what went wrong', async () => {
  const codes: unknown[] = []
  for (const status of [401, 404, 409, 422, 429, 500, 503]) {
    codes.push((await call(await serve(json(status, { detail: 'no' })), 'whoami')).code)
    stop()
  }
  expect(codes).toEqual([3, 1, 1, 1, 4, 4, 4])
  expect((await call('http://127.0.0.1:1', 'whoami')).code, 'nothing listens').toBe(4)
  expect((await call('http://postern.example.com', 'whoami')).code, 'not https').toBe(2)
  expect((await call('http://127.0.0.1:1', 'whoami', '--nonsense')).code).toBe(2)
})
