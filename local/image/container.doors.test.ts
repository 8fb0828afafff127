// Makes the image, unpacks it and runs its commands as its user with a read-only root, on a real PostgreSQL.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { stringify } from 'yaml'
import { pack } from '#local/package/pack'
import { anyLocalPort, type IdentityProvider, startIdentityProvider } from '#local/parts/identity-provider'
import { bearerToken } from '#local/parts/sign-in'
import { checkout } from '#local/processes/places'
import { freePort } from '#local/processes/ports'
import { aConfiguration } from '#testing/configuration'
import { testDatabase } from '#testing/database'
import { withPatience } from '#testing/patience'
import { until } from '#testing/until'
import { makeAppLayer } from './app-layer.ts'
import { baseLayerObstacle, userId } from './base-layer.ts'
import { containerObstacle, startContainer, unpack } from './container.testing.ts'
import { filesIn } from './files.ts'
import { makeLayers } from './layers.ts'
import { type Image, sha256, writeImage } from './oci-archive.ts'
import { ownPlatform } from './platforms.ts'

// Debian's mirror may be slow; the limit only ends what hangs.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 600_000 })

const platform = ownPlatform()
const obstacle =
  (platform ? undefined : 'there is no image for this processor') ?? baseLayerObstacle() ?? containerObstacle()
if (obstacle) process.stderr.write(`NOT CHECKED: the image. ${obstacle}\n`)

describe.skipIf(obstacle)('the image', async () => {
  if (!platform || obstacle) return
  const database = await testDatabase()
  const scratch = mkdtempSync(join(tmpdir(), 'postern-container-'))
  const [root, files] = [join(scratch, 'root'), join(scratch, 'files')]
  const appTars: string[] = []
  const running: { kill(signal: NodeJS.Signals): void }[] = []
  let image: Image
  let config: ReturnType<typeof unpack>['config']
  let digest = ''
  let provider: IdentityProvider
  let port = 0

  const run = (command: string[], env: Record<string, string> = {}) => {
    const container = startContainer({ root, files, config, command, env })
    running.push(container)
    return container
  }
  const finish = async (command: string[], env: Record<string, string> = {}) => {
    const container = run(command, env)
    return { code: await container.ended, output: container.output() }
  }
  const serving = (role: string) => ({
    POSTERN_CONFIG: '/tmp/postern.yaml',
    DATABASE_URL_FILE: '/tmp/database-url',
    POSTERN_OIDC_CLIENT_SECRET: provider.clientSecret,
    POSTERN_SESSION_SECRET: 'a-session-secret-for-tests-only-0123456789abcdef',
    POSTERN_SIGNING_KEY: 'a-signing-key-for-tests-only-0123456789abcdef',
    POSTERN_ROLE: role,
    HOSTNAME: '127.0.0.1',
    PORT: String(port),
  })
  const answers = (path: string) =>
    fetch(`http://127.0.0.1:${port}${path}`).then(
      ({ status }) => status,
      () => 0,
    )

  beforeAll(async () => {
    const made = await makeLayers(platform, join(scratch, 'layers'))
    const layers = [made.base, made.node, made.app].map((folder) => ({ folder, what: 'a layer' }))
    const archive = join(scratch, 'image.tar')
    image = await writeImage({
      layers,
      platform,
      labels: {},
      reference: 'postern:test',
      archive,
      scratch: join(scratch, 'archive'),
    })
    const again = join(scratch, 'again')
    await makeAppLayer(again)
    for (const [index, folder] of [made.app, again].entries()) {
      const tar = join(scratch, `app-${index}.tar`)
      pack(folder, tar)
      appTars.push(await sha256(tar))
      rmSync(tar)
    }
    const unpacked = unpack(archive, scratch, root)
    config = unpacked.config
    digest = unpacked.digest
    provider = await startIdentityProvider({
      redirectUris: anyLocalPort('/api/auth/callback/oidc'),
      postLogoutRedirectUris: anyLocalPort('/signed-out'),
    })
    port = await freePort()
    mkdirSync(files)
    const { issuer, clientId, audience } = provider
    const document = aConfiguration({
      publicUrl: `http://localhost:${port}`,
      identity: { issuer, clientId, apiAudience: audience },
    })
    writeFileSync(join(files, 'postern.yaml'), stringify(document))
    writeFileSync(join(files, 'database-url'), withPatience(database.appUrl))
    writeFileSync(join(files, 'owner-url'), database.ownerUrl)
  })
  afterAll(async () => {
    for (const container of running) container.kill('SIGKILL')
    await provider.stop()
    await database.drop()
    rmSync(scratch, { recursive: true, force: true })
  })

  test('the image is at most 200 MB large, and its index names its manifest', () => {
    expect(image.size).toBeLessThan(200e6)
    expect(digest).toBe(image.digest)
    expect(config).toMatchObject({ User: `${userId}:${userId}`, Cmd: ['serve'] })
  })

  test('the same build becomes the same layer each time', () => {
    expect(appTars[0]).toBe(appTars[1])
  })

  test('the image has no shell, no package manager, no setuid program and nothing of the machine that made it', () => {
    const all = filesIn(root)
    const programs = all.filter((file) => statSync(join(root, file)).mode & 0o111 && !/\.(so|js|mjs|cjs)\b/.test(file))
    expect(
      programs.filter((file) => !/^usr\/lib\/[^/]+\/ld-linux/.test(file) && !/^app\/node_modules\//.test(file)),
    ).toEqual(['usr/bin/node'])
    expect(all.filter((file) => statSync(join(root, file)).mode & 0o6022)).toEqual([])
    const own = all.filter((file) => !file.startsWith('app/node_modules/'))
    expect(own.filter((file) => /(^|\/)\.env|\.test\.|\.testing\.|(^|\/)\.git\//.test(file))).toEqual([])
    const naming = all
      .filter((file) => file.startsWith('app/') && /\.(m?js|json|html|rsc|txt)$/.test(file))
      .filter((file) => readFileSync(join(root, file), 'utf8').includes(checkout))
    expect(naming).toEqual([])
  })

  test('the image migrates the database that a file names, and says what is missing without one', async () => {
    const migrated = await finish(['migrate'], { POSTERN_MIGRATION_DATABASE_URL_FILE: '/tmp/owner-url' })
    expect(migrated).toEqual({ code: 0, output: 'no pending migrations\n' })
    const without = await finish(['migrate'])
    expect(without.code).toBe(1)
    expect(without.output).toMatch(/^POSTERN_MIGRATION_DATABASE_URL must be the postgresql:\/\/ URL/)
  })

  test('the image runs the postern command', async () => {
    expect((await finish(['--help'])).output).toContain('check')
    writeFileSync(join(files, 'roles.json'), JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [] }))
    expect(await finish(['check', '/tmp/roles.json'])).toMatchObject({ code: 0 })
  })

  test('the image serves as its user without writing anything, tries policies in a thread, and drains on SIGTERM', async () => {
    expect((await finish(['healthcheck'], { PORT: String(port) })).code).toBe(1)
    const container = run(['serve'], serving('all'))
    await until('the image to be ready', async () => (await answers('/readyz')) === 200)
    expect(await finish(['healthcheck'], { PORT: String(port) })).toEqual({ code: 0, output: '' })

    const status = readFileSync(`/proc/${container.pid}/status`, 'utf8')
    expect(status).toMatch(new RegExp(`^Uid:\\t${userId}\\t${userId}\\t`, 'm'))
    const mounts = readFileSync(`/proc/${container.pid}/mountinfo`, 'utf8').split('\n')
    expect(mounts.find((line) => line.split(' ')[4] === '/')?.split(' ')[5]).toMatch(/^ro\b/)

    const { issuer, clientId, clientSecret } = provider
    const redirectUri = `http://localhost:${port}/api/auth/callback/oidc`
    const bearer = await bearerToken({ issuer, clientId, clientSecret, redirectUri }, 'ines')
    const judged = await fetch(`http://127.0.0.1:${port}/api/v1/policy/judge`, {
      method: 'POST',
      headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        policy: 'guardrails:\n  - { name: calm, description: Calm is kept., effect: deny }\n',
        sample: '',
      }),
    })
    const answer = await judged.json()
    const asText = `${JSON.stringify(answer)}\n${container.output()}`
    expect([judged.status, answer], asText).toEqual([200, expect.objectContaining({ outcome: 'refused' })])

    const workers = async () => (await database.asOwner('SELECT 1 FROM workers')).length
    await until('the worker to be known', async () => (await workers()) === 1)
    container.kill('SIGTERM')
    // Next.js ends with the code of a program that SIGTERM ended, after it has drained.
    expect(await container.ended).toBe(143)
    expect(await workers()).toBe(0)
    expect(container.output()).not.toMatch(/EROFS|EACCES/)
  })
})
