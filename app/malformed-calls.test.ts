import { readdirSync } from 'node:fs'
import { connect } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { outsideClient } from '#testing/authorization/outside-client'
import { aClusterState } from '#testing/requests'
import { servedPostern } from '#testing/served'

// Calls that no browser and no client of the API makes, sent byte by byte. Postern answers them before Next.js does, which
// would answer 500 and write a stack trace to the log: an outsider could fill the log and set off the alerts.

const served = await servedPostern()
afterAll(served.stop)
const port = Number(new URL(served.url).port)
const { actions, send: request } = outsideClient(served.url)

let cookie = ''
beforeAll(async () => {
  await aClusterState()
  cookie = await served.signIn('mina')
})

/** Sends raw bytes and resolves with the response once the server has closed the connection. */
const send = (bytes: string | Buffer) =>
  new Promise<string>((resolve, reject) => {
    let response = ''
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes))
    socket.setEncoding('latin1')
    socket.on('data', (text) => {
      response += text
    })
    socket.on('error', reject)
    socket.on('close', () => resolve(response))
  })

const headOf = (line: string, headers: Record<string, string> = {}) =>
  `${line} HTTP/1.1\r\n${Object.entries({ host: `localhost:${port}`, connection: 'close', ...headers })
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('')}\r\n`

/** A POST as one of Postern's own pages could send it, apart from what the test changes. */
const post = (path: string, headers: Record<string, string>, body: string) => {
  const bytes = Buffer.from(body, 'latin1')
  const all = { origin: served.url, 'content-length': String(bytes.length), ...headers }
  return Buffer.concat([Buffer.from(headOf(`POST ${path}`, all)), bytes])
}

const statusOf = (response: string) => Number(response.split(' ')[1])
const typeOf = (response: string) => /\r\ncontent-type: ([^\r;]*)/i.exec(response)?.[1]

/** What the server has logged since the last call of this, apart from lines about ordinary calls. */
let read = 0
function newTroubles(): string[] {
  const lines = served.log().slice(read).split('\n')
  read = served.log().length
  return lines.filter((line) => line.trim() !== '' && !/^\{"level":"(info|debug)"/.test(line))
}
beforeAll(() => {
  newTroubles()
})

test.each(['/', '/inbox', '/api/v1/me', '/api/auth/sign-out', '/livez', '/events', '/icon.svg', '/nowhere', '*'])(
  'TRACE and other methods without a meaning here are answered 405: %s',
  async (path) => {
    for (const method of ['TRACE', 'PROPFIND', 'PURGE', 'QUERY', 'LINK']) {
      const response = await send(headOf(`${method} ${path}`))
      expect([statusOf(response), typeOf(response)], method).toEqual([405, 'application/problem+json'])
    }
    expect(newTroubles()).toEqual([])
  },
)

test.each([
  '/%',
  '/%E0%A4%A',
  '/requests/%',
  '/requests/%ff',
  '/api/%',
  '/api/v1/requests/%E0%A4%A',
  '/api/v1/grants/%/credentials',
  '/api/auth/callback/oidc/%',
  '/events/%',
  '/_next/static/%',
])('a path that cannot be decoded is answered 400: %s', async (path) => {
  const script = await send(headOf(`GET ${path}`))
  expect([statusOf(script), typeOf(script)]).toEqual([400, 'application/problem+json'])
  const browser = await send(headOf(`GET ${path}`, { accept: 'text/html,*/*' }))
  const type = path.startsWith('/api/') ? 'application/problem+json' : 'text/html'
  expect([statusOf(browser), typeOf(browser)]).toEqual([400, type])
  expect(newTroubles()).toEqual([])
})

test.each<[string, Record<string, string>]>([
  ['a tree that is not JSON', { rsc: '1', 'next-router-state-tree': '%' }],
  ['a tree that is not one', { rsc: '1', 'next-router-state-tree': '{}' }],
  [
    'a tree that nests deeply',
    { rsc: '1', 'next-router-state-tree': `${'["",{"a":'.repeat(1_200)}["",{}]${'}]'.repeat(1_200)}` },
  ],
  ['a tree without RSC', { 'next-router-state-tree': '%' }],
  ['another kind of prefetch', { rsc: '1', 'next-router-prefetch': '2' }],
  ['an unknown kind of prefetch', { rsc: '1', 'next-router-prefetch': '__proto__' }],
])('router headers that no page sends are answered 400: %s', async (_, headers) => {
  for (const path of ['/', '/inbox', '/sign-in', '/nowhere', '/icon.svg', '/api/v1/me', '/_next/static/nothing.js']) {
    const response = await send(headOf(`GET ${path}`, { cookie, ...headers }))
    expect([statusOf(response), typeOf(response)], path).toEqual([400, 'application/problem+json'])
  }
  expect(newTroubles()).toEqual([])
})

const part = (name: string, value: string) =>
  `--x\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`
const multipart = { 'content-type': 'multipart/form-data; boundary=x' }
const idOf = (name: string) => actions.find((action) => action.name === name)?.id ?? ''
const asText = { 'next-action': idOf('destinations'), 'content-type': 'text/plain;charset=UTF-8' }
const asForm = { 'next-action': idOf('submit'), ...multipart }

test.each<[string, Record<string, string>, string, number]>([
  ['an identifier of another build', { ...asText, 'next-action': '00'.repeat(21) }, '[]', 409],
  ['something else than an identifier', { ...asText, 'next-action': '__proto__' }, '[]', 400],
  ['an empty identifier', { ...asText, 'next-action': '' }, '[]', 400],
  ['no arguments', asText, '', 400],
  ['arguments that are not JSON', asText, '{', 400],
  ['arguments that are not a list', asText, 'null', 400],
  ['arguments that refer to nothing', asText, '["$1"]', 400],
  ['arguments that refer to a file', asText, '["$B1"]', 400],
  ['too many arguments', asText, `[${'1,'.repeat(1_001)}1]`, 400],
  ['arguments that nest deeply', asText, `${'['.repeat(9_000)}${']'.repeat(9_000)}`, 400],
  ['arguments that are not UTF-8', asText, '["\xff"]', 400],
  ['a form without a boundary', { ...asForm, 'content-type': 'multipart/form-data' }, 'x', 400],
  ['a form that ends early', asForm, part('0', '[]'), 400],
  ['an empty body for a form', asForm, '', 400],
  ['a form with a broken part', asForm, '--x\r\nfoo\r\n\r\n[]\r\n--x--\r\n', 400],
  ['a form without arguments', asForm, `${part('_1_reason', 'x')}--x--\r\n`, 400],
  ['a form of a page without scripts that ends early', multipart, part('$ACTION_REF_1', ''), 400],
  ['a form of a page without scripts that names no action', multipart, `${part('reason', 'x')}--x--\r\n`, 400],
  [
    'a form of a page without scripts with broken arguments',
    multipart,
    `${part('$ACTION_REF_1', '')}${part('$ACTION_1:0', JSON.stringify({ id: idOf('submit'), bound: '$@1' }))}${part('$ACTION_1:1', '{')}--x--\r\n`,
    400,
  ],
  ['an encoding that Postern’s forms do not have', { 'content-type': 'application/x-www-form-urlencoded' }, 'a=b', 400],
])('the call of an action with %s is answered, and nothing is logged', async (_, headers, body, status) => {
  for (const who of [{}, { cookie }] as Record<string, string>[]) {
    const script = await send(post('/', { ...who, ...headers }, body))
    expect([statusOf(script), typeOf(script)]).toEqual([status, 'application/problem+json'])
    if ('next-action' in headers) continue
    const browser = await send(post('/', { ...who, ...headers, accept: 'text/html,*/*' }, body))
    expect([statusOf(browser), typeOf(browser)]).toEqual([status, 'text/html'])
  }
  expect(newTroubles()).toEqual([])
})

test('an action works whatever Host and X-Forwarded-Host a proxy sends, because Origin is compared with the configured address', async () => {
  const proxies: Record<string, string>[] = [
    {},
    { host: 'postern.internal:3000' },
    { 'x-forwarded-host': 'evil.example' },
  ]
  for (const headers of proxies) {
    const response = await send(post('/', { cookie, ...asText, ...headers }, '[]'))
    expect([statusOf(response), typeOf(response)]).toEqual([200, 'text/x-component'])
  }
  expect(newTroubles()).toEqual([])
})

test('a client that disconnects in the middle of a form leaves no error in the log', async () => {
  const whole = post('/', { cookie, ...asText, 'content-length': '1000' }, '[')
  await new Promise<void>((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(whole, () => socket.destroy()))
    socket.on('close', () => resolve())
  })
  expect((await request('/livez', {})).status).toBe(200)
  expect(newTroubles()).toEqual([])
})

test('Next.js optimizes no images, keeps no connection for a WebSocket, and shows its error page to no one', async () => {
  for (const path of ['/_next/image', '/_next/image?url=%2Ficon.svg&w=64&q=75', '/_global-error'])
    expect((await request(path, { headers: { cookie } })).status, path).toBe(404)
  const upgrade = await send(
    headOf('GET /livez', { connection: 'Upgrade', upgrade: 'websocket' }).replace(
      '\r\n\r\n',
      '\r\nconnection: close\r\n\r\n',
    ),
  )
  expect(statusOf(upgrade)).toBe(200)
  expect(newTroubles()).toEqual([])
})

test('a file supports GET and HEAD only, even for the call of an action', async () => {
  const [chunk] = readdirSync('.next/static/chunks').filter((name) => name.endsWith('.js'))
  for (const path of [
    `/_next/static/chunks/${chunk}`,
    '/_next/static/nothing.js',
    '/icon.svg',
    '/postern.schema.json',
  ]) {
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
      const call = post(path, { cookie, ...asText }, '[]')
        .toString('latin1')
        .replace('POST', method)
      const response = await send(call)
      expect([statusOf(response), typeOf(response)], `${method} ${path}`).toEqual([405, 'application/problem+json'])
    }
  }
  const file = await request(`/_next/static/chunks/${chunk}`, {})
  expect(file.status).toBe(200)
  expect(file.headers.get('cache-control')).toContain('immutable')
  expect(file.headers.get('x-content-type-options')).toBe('nosniff')
  expect(newTroubles()).toEqual([])
})
