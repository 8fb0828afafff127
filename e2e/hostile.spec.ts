import { createServer } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import type { Page } from '@playwright/test'
import { expect, test as story } from './fixtures.ts'
import { approve, grantOf, submit as submitRequest } from './grants.ts'

// Hostile pages, clients and proxies against a running Postern. The pages come from real other origins: another port of
// the same site, to which the browser sends Postern's cookies, and another site.

type Attacker = { sameSite: string; otherSite: string }

const test = story.extend<object, { attacker: Attacker }>({
  attacker: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the needed fixtures from this pattern.
    async ({}, use) => {
      const server = createServer((_, response) => {
        response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>elsewhere</title><body>')
      })
      await new Promise<void>((resolve) => server.listen(0, resolve))
      const { port } = server.address() as AddressInfo
      await use({ sameSite: `http://localhost:${port}`, otherSite: `http://127.0.0.1:${port}` })
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
    { scope: 'worker' },
  ],
})

type Form = { action: string; type: string; fields: Record<string, string> }

/** Submits a form as a page of another origin can, and returns the status of the response. */
async function submit(page: Page, form: Form): Promise<number> {
  const answer = page.waitForResponse(
    (response) => response.url() === form.action && response.request().method() === 'POST',
  )
  await page.evaluate(({ action, type, fields }) => {
    const element = Object.assign(document.createElement('form'), { action, method: 'post', enctype: type })
    for (const [name, value] of Object.entries(fields)) {
      element.append(Object.assign(document.createElement('input'), { type: 'hidden', name, value }))
    }
    document.body.append(element)
    element.submit()
  }, form)
  return (await answer).status()
}

const enctypes = ['application/x-www-form-urlencoded', 'multipart/form-data', 'text/plain']

test('a form or script of another origin changes nothing, although the browser sends the session with it', async ({
  as,
  api,
  stage,
  attacker,
}) => {
  test.setTimeout(120_000)
  const [mina, priya] = await Promise.all([api('mina'), api('priya')])
  const pending = await submitRequest(mina)
  const granted = await submitRequest(mina)
  await approve(priya, granted)
  const grant = await grantOf(mina, granted.id, 'active')

  const own = await as('mina')
  // Scripts take this field away as soon as they handle the form.
  const settings = await own.request.get('/settings')
  const action = /\$ACTION_ID_\w+/.exec(await settings.text())?.[0] ?? ''
  expect(action).toMatch(/^\$ACTION_ID_/)
  const context = own.context()
  const isDark = async () =>
    (await context.cookies()).some(({ name, value }) => name.includes('theme') && value === 'dark')

  const writes: { path: string; fields: Record<string, string> }[] = [
    { path: `/api/v1/grants/${grant.id}/release`, fields: {} },
    { path: `/api/v1/requests/${pending.id}/withdraw`, fields: {} },
    { path: '/api/auth/sign-out', fields: {} },
    { path: '/api/auth/signin/oidc', fields: { callbackUrl: '/' } },
    { path: '/settings', fields: { [action]: '', theme: 'dark' } },
  ]
  for (const origin of [attacker.sameSite, attacker.otherSite]) {
    for (const { path, fields } of writes) {
      for (const type of enctypes) {
        const page = await context.newPage()
        await page.goto(origin)
        const status = await submit(page, { action: `${stage.url}${path}`, type, fields })
        // Sign-in and sign-out redirect to a page and do nothing; everything else is refused.
        expect([303, 401, 403], `${type} from ${origin} to ${path}`).toContain(status)
        await page.close()
      }
    }
    const page = await context.newPage()
    await page.goto(origin)
    const read = await page.evaluate(
      async ({ url, release }) => {
        const attempt = (target: string, init: RequestInit) =>
          fetch(target, { credentials: 'include', ...init }).then(
            async (answer) => (answer.type === 'opaque' ? 'opaque' : await answer.text()),
            () => 'blocked',
          )
        const body = '{}'
        return [
          await attempt(`${url}/api/v1/me`, {}),
          await attempt(`${url}/inbox`, {}),
          await attempt(release, { method: 'POST', body, mode: 'no-cors' }),
          await attempt(release, { method: 'POST', body, headers: { 'content-type': 'application/json' } }),
          await attempt(release, { method: 'POST', body, headers: { 'idempotency-key': 'x' } }),
        ]
      },
      { url: stage.url, release: `${stage.url}/api/v1/grants/${grant.id}/release` },
    )
    expect(read, origin).toEqual(Array(5).fill('blocked'))
    await page.close()
  }

  expect((await mina('GET', `/grants/${grant.id}`)).body).toMatchObject({ status: 'active' })
  expect((await mina('GET', `/requests/${pending.id}`)).body).toMatchObject({ status: 'pending' })
  expect(await isDark()).toBe(false)
  await own.goto('/access')
  await expect(own.getByRole('heading', { level: 1, name: 'Access' })).toBeVisible()
  // The same form works from Postern's own page, so the refusals above were for the origin.
  expect(
    await submit(own, {
      action: `${stage.url}/settings`,
      type: 'multipart/form-data',
      fields: { [action]: '', theme: 'dark' },
    }),
  ).toBeLessThan(400)
  await expect.poll(isDark).toBe(true)
})

test('another origin can neither frame a page of Postern nor keep a handle on its window', async ({
  as,
  stage,
  attacker,
}) => {
  const own = await as('mina')
  for (const origin of [attacker.sameSite, attacker.otherSite]) {
    const page = await own.context().newPage()
    await page.goto(origin)
    await page.evaluate((url) => {
      document.body.append(Object.assign(document.createElement('iframe'), { src: url }))
    }, `${stage.url}/inbox`)
    await expect.poll(() => page.frames().at(-1)?.url(), origin).toMatch(/^chrome-error:/)
    const opened = page.context().waitForEvent('page')
    await page.evaluate((url) => {
      Object.assign(window, { opened: window.open(url) })
    }, stage.url)
    await expect((await opened).getByRole('heading', { level: 1, name: 'Access' })).toBeVisible()
    // Cross-Origin-Opener-Policy severs the window, which looks closed to its opener.
    expect(await page.evaluate(() => (window as unknown as { opened: Window }).opened.closed)).toBe(true)
    await page.close()
  }
})

/** Sends raw bytes and resolves with the response once the server has closed the connection. */
function send(port: number, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = ''
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes))
    socket.setEncoding('utf8')
    socket.on('data', (text) => {
      answer += text
    })
    socket.on('error', reject)
    socket.on('close', () => resolve(answer))
  })
}

const request = (path: string, headers: Record<string, string>) => {
  const lines = Object.entries({ Connection: 'close', ...headers }).map(([name, value]) => `${name}: ${value}\r\n`)
  return `GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`
}

test('no header and no path makes Postern redirect to another host or mention it', async ({ stage }) => {
  const { port, host } = new URL(stage.url)
  const evil = 'evil.example'
  const requests = [
    ...[
      '/',
      '/inbox',
      '/sign-in',
      '/sign-in/',
      '/nowhere/',
      '/api/v1/openapi.json',
      '/api/auth/callback/oidc?error=x',
    ].flatMap((path) => [
      request(path, { Host: evil }),
      request(path, { Host: host, 'X-Forwarded-Host': evil, 'X-Forwarded-Proto': 'https', Forwarded: `host=${evil}` }),
      request(path, { Host: host, 'X-Original-URL': `//${evil}/`, 'X-Rewrite-URL': `//${evil}/` }),
      request(`http://${evil}${path}`, { Host: evil }),
    ]),
    ...[
      `//${evil}`,
      `//${evil}/..`,
      `/\\${evil}`,
      `/%5C${evil}`,
      `///${evil}//`,
      `/.${evil}`,
      `/%2f%2f${evil}/`,
      `/sign-in?from=//${evil}`,
      `/sign-in?callbackUrl=https://${evil}`,
    ].map((path) => request(path, { Host: host })),
  ]
  for (const bytes of requests) {
    const [head = ''] = (await send(Number(port), bytes)).split('\r\n\r\n')
    const [line = ''] = bytes.split('\r\n')
    // Refresh also redirects browsers.
    for (const [header, address = ''] of head.matchAll(/^(?:location: |refresh: \d+;url=)(.*)$/gim))
      expect.soft(new URL(address, stage.url).origin, `${line} gets ${header}`).toBe(stage.url)
    expect.soft(head, line).toMatch(/^HTTP\/1\.1 [2-4]/)
    expect.soft(head.toLowerCase().replace(/^(location|refresh): .*$/gm, ''), line).not.toContain(evil)
  }
})

test('slow clients are cut off, and others are served meanwhile', { tag: '@waits' }, async ({ stage, api }) => {
  test.setTimeout(300_000)
  const port = Number(new URL(stage.url).port)
  const head = `POST /api/v1/requests HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n`
  const sockets: Socket[] = []
  /** Sends this, then a byte a second, until the server closes the connection. */
  const drip = (bytes: string) =>
    new Promise<void>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => socket.write(bytes))
      sockets.push(socket)
      const more = setInterval(() => socket.write('x'), 1_000)
      socket.on('error', () => {})
      socket.resume().on('close', () => {
        clearInterval(more)
        resolve()
      })
    })
  const slow = Array.from({ length: 100 }, (_, n) =>
    drip(n % 2 ? `${head}X-Slow: ` : `${head}Content-Length: 100000\r\n\r\n{`),
  )
  const mina = await api('mina')
  expect((await mina('GET', '/me')).status).toBe(200)
  // The limits themselves are in lib/api/harden-server.test.ts.
  await Promise.all(slow)
})
