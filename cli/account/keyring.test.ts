// Sign-ins in a real Secret Service, from a real identity provider.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { cliClient } from '#local/parts/identity-clients'
import { startIdentityProvider } from '#local/parts/identity-provider'
import { signInAs } from '#local/parts/sign-in'
import { until } from '#testing/until'
import { type Ran, spawnPostern } from '../running.testing.ts'

const folder = mkdtempSync(join(tmpdir(), 'postern-keyring-'))
const provider = await startIdentityProvider({ redirectUris: [], postLogoutRedirectUris: [] })

/** What a sign-in needs of a Postern server. */
const server = createServer(({ url, headers }, response) => {
  const isMetadata = url === '/.well-known/oauth-protected-resource'
  const { clientId, resource } = cliClient
  const metadata = {
    ...{ resource: `${origin()}/`, authorization_servers: [provider.issuer] },
    scopes_supported: ['openid', 'email', 'offline_access'],
    postern_cli: { client_id: clientId, resource },
  }
  const me = { subject: 's', name: 'mina', email: null, emailVerified: false, issuer: 'i', groups: [], roles: [] }
  const isSignedIn = provider.issued().some((token) => headers.authorization === `Bearer ${token}`)
  response
    .writeHead(isMetadata || isSignedIn ? 200 : 401, { 'content-type': 'application/json' })
    .end(JSON.stringify(isMetadata ? metadata : isSignedIn ? me : {}))
})
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
const origin = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`

const programs = ['dbus-run-session', 'gnome-keyring-daemon']
const missing = programs.filter((program) => spawnSync('which', [program]).status !== 0)
const hasSecretService = process.platform === 'linux' && missing.length === 0
if (!hasSecretService)
  process.stderr.write(`NOT CHECKED: sign-ins in a keyring, because ${missing.join(' and ') || 'Linux'} is missing\n`)

/** A session bus with an unlocked, empty keyring. */
let bus: ChildProcess | undefined
let busAddress = ''

beforeAll(async () => {
  if (!hasSecretService) return
  const unlock = 'printf secret | gnome-keyring-daemon --unlock --components=secrets >&2'
  const script = `${unlock}; echo "$DBUS_SESSION_BUS_ADDRESS"; cat >&2`
  mkdirSync(join(folder, 'keyring'))
  const child = spawn('dbus-run-session', ['--', 'sh', '-c', script], {
    env: { PATH: process.env.PATH, HOME: join(folder, 'keyring') } as unknown as NodeJS.ProcessEnv,
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  bus = child
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    busAddress += text.trim()
  })
  await until('the keyring to be unlocked', () => busAddress !== '')
})

afterAll(async () => {
  bus?.stdin?.end()
  if (bus) await new Promise((resolve) => bus?.once('exit', resolve))
  server.close()
  await provider.stop()
  rmSync(folder, { recursive: true })
})

/** The command with a home of its own, and with the keyring unless `env` says otherwise. */
function homeOf(name: string) {
  const POSTERN_HOME = join(folder, name)
  const postern = (args: string[], env: Record<string, string> = {}): Promise<Ran> =>
    spawnPostern(args, { env: { POSTERN_HOME, DBUS_SESSION_BUS_ADDRESS: busAddress, ...env } })
  const files = () => readdirSync(join(POSTERN_HOME, 'tokens')).map((file) => join(POSTERN_HOME, 'tokens', file))
  return { postern, files, POSTERN_HOME }
}
const withoutBus = { DBUS_SESSION_BUS_ADDRESS: 'unix:path=/nonexistent/bus' }

/** Signs in with a browser that calls the address which the command prints. */
async function login(
  POSTERN_HOME: string,
  env: Record<string, string>,
  { cwd, args = [] }: { cwd?: string; args?: string[] } = {},
): Promise<Ran> {
  const launcher = fileURLToPath(new URL('../postern.mjs', import.meta.url))
  const child = spawn(process.execPath, [launcher, 'login', origin(), '--no-browser', ...args], {
    cwd,
    env: { ...process.env, FORCE_COLOR: '', POSTERN_HOME, DBUS_SESSION_BUS_ADDRESS: busAddress, ...env },
  })
  const ran: Ran = { code: null, out: '', err: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    ran.out += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    ran.err += text
  })
  const closed = new Promise<number | null>((resolve) => child.on('close', resolve))
  const address = () => /^(http\S+)$/m.exec(ran.err)?.[1]
  await until('the address to sign in at', () => address() !== undefined || child.exitCode !== null)
  const url = address() ?? ''
  await fetch(await signInAs(url, new URL(url).searchParams.get('redirect_uri') ?? '', 'mina'))
  return { ...ran, code: await closed, out: ran.out, err: ran.err }
}

const expire = (file: string) =>
  writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), expiresAt: 0 }), { mode: 0o600 })

const refreshedWith = async (refreshToken: string) => {
  const body = new URLSearchParams({
    ...{ grant_type: 'refresh_token', refresh_token: refreshToken, client_id: cliClient.clientId },
  })
  return (await fetch(`${provider.issuer}/token`, { method: 'POST', body })).status
}

/** What the keyring has of a home, read by a program of its own. */
const inKeyring = (file: string, server = origin(), issuer = provider.issuer): string => {
  const program = `const { Entry } = require('@napi-rs/keyring')
    process.stdout.write(new Entry('postern', process.argv[1], { linux: { store: 'secret-service' } }).getPassword() ?? '')`
  const { stdout, stderr } = spawnSync(process.execPath, ['-e', program, [file, server, issuer].join(' ')], {
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    env: { ...process.env, DBUS_SESSION_BUS_ADDRESS: busAddress },
    encoding: 'utf8',
  })
  expect(stderr).toBe('')
  return stdout
}

test.runIf(hasSecretService)(
  'a refresh token is in the keyring and in no file, is renewed there, and is revoked and deleted by a sign-out',
  async () => {
    const { postern, files, POSTERN_HOME } = homeOf('with-keyring')
    const { code, err } = await login(POSTERN_HOME, {})
    expect([code, err], err).toEqual([0, expect.stringContaining('The refresh token is in the keyring of the system')])
    const [file = ''] = files()
    const first = inKeyring(file)
    expect(first).not.toBe('')
    expect(readFileSync(file, 'utf8')).not.toContain(first)
    expect((await postern(['whoami'])).out).toContain(
      'postern login; the refresh token is in the keyring of the system',
    )

    expire(file)
    expect((await postern(['whoami'])).code, 'renewed').toBe(0)
    const renewed = inKeyring(file)
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ isInKeyring: true })
    expect(readFileSync(file, 'utf8')).not.toContain(renewed)

    expect((await postern(['whoami'], withoutBus)).code, 'the access token needs no keyring').toBe(0)
    expire(file)
    const elsewhere = await postern(['whoami'], withoutBus)
    expect([elsewhere.code, elsewhere.err]).toEqual([3, expect.stringContaining("which can't be used here: ")])
    expect(elsewhere.err).toContain(`Run: postern login ${origin()}`)

    expect((await postern(['logout'])).out).toBe(`Signed out of ${origin()}.\n`)
    expect([inKeyring(file), files()]).toEqual(['', []])
    expect(await refreshedWith(renewed)).toBe(400)
  },
)

/** A provider that keeps what is sent to it. */
async function startOtherProvider() {
  const sent: string[] = []
  const listener = createServer(async (request, response) => {
    let body = ''
    for await (const piece of request) body += piece
    sent.push(body)
    const issuer = `http://127.0.0.1:${(listener.address() as AddressInfo).port}`
    const metadata = { issuer, token_endpoint: `${issuer}/token`, revocation_endpoint: `${issuer}/revoke` }
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(metadata))
  })
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
  const issuer = `http://127.0.0.1:${(listener.address() as AddressInfo).port}`
  return { issuer, sent: () => sent.join(), stop: () => listener.close() }
}

test.runIf(hasSecretService)(
  'a refresh token in the keyring is sent to no other provider, whatever files name the same context',
  async () => {
    const other = await startOtherProvider()
    const [own, another] = ['own', 'another'].map((name) => join(folder, name)) as [string, string]
    for (const cwd of [own, another]) mkdirSync(cwd)
    const env = { POSTERN_HOME: 'settings', DBUS_SESSION_BUS_ADDRESS: busAddress }
    expect((await login('settings', {}, { cwd: own })).code).toBe(0)
    const [name = ''] = readdirSync(join(own, 'settings/tokens'))
    const file = join(own, 'settings/tokens', name)
    const token = inKeyring(file)
    expect(token, 'by the whole path').not.toBe('')

    cpSync(join(own, 'settings'), join(another, 'settings'), { recursive: true })
    for (const cwd of [another, own]) {
      const changed = join(cwd, 'settings/tokens', name)
      const stored = { ...JSON.parse(readFileSync(changed, 'utf8')), issuer: other.issuer, expiresAt: 0 }
      writeFileSync(changed, JSON.stringify(stored), { mode: 0o600 })
      const [whoami, logout] = [
        await spawnPostern(['whoami'], { cwd, env }),
        await spawnPostern(['logout'], { cwd, env }),
      ]
      expect(other.sent()).not.toContain(token)
      expect([whoami.code, logout.code]).toEqual([3, 0])
    }
    expect(inKeyring(file)).toBe(token)
    other.stop()
  },
)

// NB: only Linux finds its keyring by a variable.
test.runIf(process.platform === 'linux').each([
  ['POSTERN_KEYRING is off', { POSTERN_KEYRING: 'off' }, /keyring of the system: POSTERN_KEYRING is off\./],
  ['there is no Secret Service', withoutBus, /keyring of the system: .*(dbus|bus|socket)/i],
])('where %s, the sign-in is in a file, and the command says why', async (name, env: Record<string, string>, why) => {
  const { postern, files, POSTERN_HOME } = homeOf(name.replaceAll(' ', '-'))
  const { code, err } = await login(POSTERN_HOME, env)
  expect([code, err], err).toEqual([0, expect.stringMatching(why)])
  const [file = ''] = files()
  expect((await postern(['whoami'], env)).out).toContain(`postern login; the refresh token is in ${file}`)
  expire(file)
  expect((await postern(['whoami'], env)).code, 'renewed').toBe(0)
  const { refreshToken } = JSON.parse(readFileSync(file, 'utf8'))
  expect((await postern(['logout'], env)).code).toBe(0)
  expect(await refreshedWith(refreshToken)).toBe(400)
})

test('two sign-ins at the same time are both kept', async () => {
  const { postern, POSTERN_HOME } = homeOf('two-at-once')
  const off = { POSTERN_KEYRING: 'off' }
  const both = await Promise.all(['one', 'two'].map((name) => login(POSTERN_HOME, off, { args: ['--context', name] })))
  expect(both.map(({ code }) => code)).toEqual([0, 0])
  expect((await postern(['contexts', '-o', 'name'])).out.trim().split('\n').toSorted()).toEqual(['one', 'two'])
})
