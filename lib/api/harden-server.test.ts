import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { afterAll, expect, test } from 'vitest'
import { hardenServer } from './harden-server.ts'

const handled: string[] = []
// Before the server exists, as in production.
hardenServer()
const server = createServer(async (request, response) => {
  // As Next.js, it reads the body later than the request arrives.
  await new Promise(setImmediate)
  let body = ''
  for await (const chunk of request) body += chunk
  handled.push(`${request.url} ${body.length}`)
  response.end(`target ${request.url}. body ${body.slice(0, 20)}.`)
})
// As Next.js does: it keeps the connection, and says nothing.
server.on('upgrade', () => {})
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
const { port } = server.address() as AddressInfo
afterAll(() => new Promise((resolve) => server.close(resolve)))

/** The response to these lines of a request's head. */
const responseTo = (...lines: string[]) =>
  new Promise<string>((resolve, reject) => {
    let response = ''
    const socket = connect(port, '127.0.0.1', () =>
      socket.write(`${lines.join('\r\n')}\r\nHost: x\r\nConnection: close\r\n\r\n`),
    )
    socket.on('data', (chunk) => {
      response += String(chunk)
    })
    socket.on('error', reject)
    socket.on('close', () => resolve(response))
  })

const answerTo = async (target: string) =>
  (await responseTo(`GET ${target} HTTP/1.1`)).match(/target ([^ ]*)\. body/)?.[1]

test('a host in the request target is dropped', async () => {
  expect(await answerTo('/inbox?a=1')).toBe('/inbox?a=1')
  expect(await answerTo('http://evil.example/inbox?a=1')).toBe('/inbox?a=1')
  expect(await answerTo('https://evil.example')).toBe('/')
  expect(await answerTo('//evil.example/')).toBe('//evil.example/')
  expect(await answerTo('*')).toBe('/')
})

test('from the first connection on the server disconnects slow clients within seconds', async () => {
  await answerTo('/')
  expect([server.headersTimeout, server.requestTimeout]).toEqual([10_000, 30_000])
})

test('a method that no route has is answered by a problem, before Next.js', async () => {
  for (const method of ['TRACE', 'PROPFIND', 'QUERY']) {
    const response = await responseTo(`${method} /api/v1/me HTTP/1.1`)
    expect(response).toMatch(/^HTTP\/1\.1 405 /)
    expect(response).toMatch(/\r\nallow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS\r\n/i)
    expect(response).toMatch(/\r\ncontent-type: application\/problem\+json\r\n/i)
    expect(response).toContain(`Postern does not support ${method}.`)
    expect(response).not.toContain('target')
  }
})

test('a path that cannot be decoded is answered by a problem, or by a page for a browser', async () => {
  for (const path of ['/%', '/%E0%A4%A', '/api/v1/requests/%zz', '/requests/%ff', 'http://evil.example/%']) {
    const response = await responseTo(`GET ${path} HTTP/1.1`)
    expect(response, path).toMatch(/^HTTP\/1\.1 400 /)
    expect(response).toContain('"code":"malformed"')
  }
  const page = await responseTo('GET /requests/% HTTP/1.1', 'Accept: text/html,*/*')
  expect(page).toMatch(/^HTTP\/1\.1 400 /)
  expect(page).toMatch(/\r\ncontent-type: text\/html; charset=utf-8\r\n/i)
  expect(page).toMatch(/\r\ncontent-security-policy: default-src 'none'; style-src 'nonce-/i)
  expect(page).toContain('<h1>Malformed request</h1>')
  expect(await answerTo('/a%20b?q=%')).toBe('/a%20b?q=%')
  expect(await responseTo('HEAD /% HTTP/1.1')).toMatch(/^HTTP\/1\.1 400 [\s\S]*\r\n\r\n$/)
})

test('the address that Next.js gives its own error page does not exist', async () => {
  for (const path of ['/_global-error', '/%5Fglobal-error', '/_global-error.rsc'])
    expect(await responseTo(`GET ${path} HTTP/1.1`), path).toMatch(/^HTTP\/1\.1 404 /)
})

test('a request to change to another protocol is answered like any other', async () => {
  expect(await responseTo('GET /inbox HTTP/1.1', 'Upgrade: websocket', 'Connection: Upgrade')).toContain(
    'target /inbox.',
  )
})

/** Sends these pieces one after another, each in a packet of its own, and resolves with the response. */
const responseToPieces = (...pieces: string[]) =>
  new Promise<string>((resolve, reject) => {
    let response = ''
    const socket = connect({ port, host: '127.0.0.1', noDelay: true }, async () => {
      for (const piece of pieces) {
        await new Promise<void>((written) => socket.write(piece, () => written()))
        await new Promise((later) => setTimeout(later, 5))
      }
    })
    socket.on('data', (chunk) => {
      response += String(chunk)
    })
    socket.on('error', reject)
    socket.on('close', () => resolve(response))
  })

const postHead = (...headers: string[]) =>
  `POST /form HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${headers.map((header) => `${header}\r\n`).join('')}\r\n`

test('a body arrives whole, however it was sent', async () => {
  const sized = postHead('Content-Length: 10')
  expect(await responseToPieces(`${sized}0123456789`)).toContain('body 0123456789.')
  expect(await responseToPieces(sized, '01234', '56789')).toContain('body 0123456789.')
  const chunked = postHead('Transfer-Encoding: chunked')
  expect(await responseToPieces(`${chunked}5\r\n01234\r\n5\r\n56789\r\n0\r\n\r\n`)).toContain('body 0123456789.')
  expect(await responseToPieces(chunked, '5\r\n01', '234\r\n', '5\r\n56789\r\n', '0\r\n\r\n')).toContain(
    'body 0123456789.',
  )
  expect(await responseToPieces(postHead('Content-Length: 0'))).toContain('body .')
  expect(await responseToPieces(postHead())).toContain('body .')
  expect(await responseToPieces(`${chunked}0\r\n\r\n`)).toContain('body .')
  expect(await responseToPieces(chunked, '0\r\n\r\n')).toContain('body .')
  const large = 'x'.repeat(300_000)
  expect(await responseToPieces(postHead(`Content-Length: ${large.length}`), large)).toContain(
    'body xxxxxxxxxxxxxxxxxxxx.',
  )
  expect(handled.at(-1)).toBe('/form 300000')
})

test('Next.js does not see a body that is too large, or that never ends', async () => {
  handled.length = 0
  expect(await responseToPieces(postHead('Content-Length: 400000'))).toMatch(
    /^HTTP\/1\.1 413 [\s\S]*"code":"too-large"/,
  )
  const piece = `10000\r\n${'x'.repeat(65_536)}\r\n`
  const endless = await responseToPieces(postHead('Transfer-Encoding: chunked'), ...Array(6).fill(piece))
  expect(endless).toMatch(/^HTTP\/1\.1 413 /)
  await new Promise<void>((resolve) => {
    const socket = connect(port, '127.0.0.1', () =>
      socket.write(`${postHead('Content-Length: 10')}01`, () => socket.destroy()),
    )
    socket.on('close', () => resolve())
  })
  await answerTo('/after')
  expect(handled).toEqual(['/after 0'])
})
