// Engineers never leave kubectl: the packaged command against the served application, with the real kubectl and API server.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parse } from 'yaml'
import type { RequestResource } from '#lib/core/access/request-resource'
import { buildPackage } from '#local/package/build'
import { buildExecutables, ownPlatform } from '#local/package/executable'
import { bearerToken, enterDeviceCode, signInAs } from '#local/parts/sign-in'
import { ensureHelm, ensureStern } from '#local/programs/programs'
import { aConfiguration, anEntitlementDocument } from '#testing/configuration'
import { testParts } from '#testing/database'
import { aNamespace, deleteNamespace } from '#testing/namespace'
import { hasPseudoTerminals, onTerminal } from '#testing/pseudo-terminal'
import { servedPostern } from '#testing/served'
import { until } from '#testing/until'

const folder = mkdtempSync(join(tmpdir(), 'postern-terminal-'))
const built = join(folder, 'package')
const home = join(folder, 'home')
const served = await servedPostern({
  entitlements: [
    anEntitlementDocument(),
    anEntitlementDocument({
      name: 'automatic',
      title: 'Read pods',
      approvals: [],
      rules: [
        { apiGroups: [''], resources: ['pods'], verbs: ['get', 'list', 'watch'] },
        { apiGroups: [''], resources: ['pods/log'], verbs: ['get'] },
      ],
    }),
    anEntitlementDocument({
      name: 'releases',
      title: 'Install charts',
      rules: [
        {
          apiGroups: [''],
          resources: ['secrets', 'configmaps'],
          verbs: ['get', 'list', 'create', 'update', 'patch', 'delete'],
        },
      ],
    }),
    anEntitlementDocument({
      name: 'by-two',
      title: 'Read volume claims',
      approvals: [{ groups: ['payments-leads'], count: 2 }],
      rules: [{ apiGroups: [''], resources: ['persistentvolumeclaims'], verbs: ['get', 'list'] }],
    }),
  ],
  roles: aConfiguration().roles,
})
const { kubernetes } = testParts()
let namespace = ''

afterAll(async () => {
  if (namespace) await deleteNamespace(namespace)
  await served.stop()
  rmSync(folder, { recursive: true })
})

/** A kubeconfig for a person without any access of their own. The API server takes the administrator's word for who it is. */
function kubeconfigOfNoOne(name: string): string {
  const admin = parse(readFileSync(kubernetes.adminKubeconfig, 'utf8'))
  for (const { user } of admin.users) user.as = 'mina-without-access'
  const file = join(folder, name)
  writeFileSync(file, JSON.stringify(admin), { mode: 0o600 })
  return file
}
const kubeconfig = kubeconfigOfNoOne('kubeconfig')

/** The command as kubectl finds it: the single executable, where there is one for this machine. */
const plugins = join(folder, 'plugins')
const plugin = join(plugins, 'kubectl-postern')
const asPlugin = { PATH: `${plugins}:${process.env.PATH}` }

beforeAll(async () => {
  await buildPackage(built)
  const platform = ownPlatform()
  const [executable] = platform ? await buildExecutables(join(folder, 'executable'), [platform]) : []
  mkdirSync(plugins)
  for (const name of ['kubectl-postern', 'kubectl_complete-postern'])
    symlinkSync(executable?.file ?? join(built, 'launcher.js'), join(plugins, name))
  if (!executable)
    process.stderr.write('NOT CHECKED: the single executable as a plugin. This is neither Linux on x64 nor on arm64\n')
  namespace = await aNamespace()
  const deployment = ['create', 'deployment', 'checkout', '--image=checkout', '--replicas=0', '-n', namespace]
  execFileSync(kubernetes.kubectl, ['--kubeconfig', kubernetes.adminKubeconfig, ...deployment], { stdio: 'ignore' })
})

type Ran = { code: number | null; out: string; err: string }
/** Everything that any of the programs printed. */
const printed: string[] = []

type Running = Ran & { child: ChildProcess; ended: Promise<Ran> }

function start(program: string, args: readonly string[], env: Record<string, string>, input = ''): Running {
  const child = spawn(program, args, {
    cwd: folder,
    env: {
      PATH: `${dirname(kubernetes.kubectl)}:${process.env.PATH}`,
      HOME: home,
      KUBECONFIG: kubeconfig,
      // Not into the keyring of the person who runs this test.
      POSTERN_KEYRING: 'off',
      ...env,
    } as unknown as NodeJS.ProcessEnv,
  })
  const running = { code: null, out: '', err: '', child } as unknown as Running
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    running.out += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    running.err += text
  })
  child.stdin.on('error', () => {})
  child.stdin.end(input)
  running.ended = new Promise((resolve) => {
    child.on('close', (code) => {
      printed.push(args.join(' '), running.out, running.err)
      resolve({ code, out: running.out, err: running.err })
    })
  })
  return running
}

/** The command as Mina, who is signed in, or with a token as someone else. */
const startPostern = (args: readonly string[], env: Record<string, string> = {}, input = '') =>
  start(process.execPath, [join(built, 'launcher.js'), ...args], env, input)
const postern = (args: readonly string[], env: Record<string, string> = {}, input = '') =>
  startPostern(args, env, input).ended
const kubectl = (...args: string[]) =>
  start(kubernetes.kubectl, ['--request-timeout=20s', `--cache-dir=${join(folder, 'cache')}`, ...args], {}).ended

/** `kubectl postern …` as Mina. */
const kubectlPostern = (...args: string[]) => start(kubernetes.kubectl, ['postern', ...args], asPlugin).ended

const as = async (person: string) => ({
  POSTERN_SERVER: served.url,
  POSTERN_TOKEN: await bearerToken(served.tokenSource, person),
})

async function login(args: readonly string[] = ['--no-browser']): Promise<Ran> {
  const running = startPostern(['login', served.url, ...args])
  const pattern = args.includes('--device') ? /Open (\S+) on .* code (\S+)/ : /(http\S+)/
  let found: RegExpExecArray | null = null
  await until('the address to sign in at', () => {
    found = pattern.exec(running.err)
    return found !== null || running.child.exitCode !== null
  })
  const [, url = '', code = ''] = found ?? []
  if (code) await enterDeviceCode(url, code, 'mina')
  else if (url) {
    const redirectUri = new URL(url).searchParams.get('redirect_uri') ?? ''
    await fetch(await signInAs(url, redirectUri, 'mina'))
  }
  return running.ended
}

const filesIn = (path: string) =>
  readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))

/** The only request that waits for Priya, once the program has submitted it. */
async function pendingRequest(submitting: Running): Promise<RequestResource> {
  let id = ''
  const priya = await as('priya')
  await until('a request in the inbox', async () => {
    id = (await postern(['inbox', '-o', 'name'], priya)).out.trim().split('\n')[0] ?? ''
    if (id === '' && submitting.child.exitCode !== null) throw new Error(`it submitted nothing: ${submitting.err}`)
    return id !== ''
  })
  return JSON.parse((await postern(['show', id, '-o', 'json'], priya)).out)
}

/** Lines of a wait, which depend on the speed of the machine. */
const isOfWait = (line: string) => /^(waiting for|approved)/.test(line)

const isPluginMessage = (line: string) => line.includes(' ended at ')

/** Compares what a person saw with docs/terminal-session.txt, from which the picture in the README is made. */
function compareWithRecord(story: readonly (readonly [typed: string, ran: Ran])[]): void {
  const file = new URL('../docs/terminal-session.txt', import.meta.url)
  const session = story
    .map(([typed, { err, out }]) => {
      const text = `${err}${out}`
        .replaceAll(namespace, 'payments')
        .replaceAll('mina-without-access', 'mina')
        // The kubeconfig names the plugin of kubectl only where there is an executable.
        .replaceAll('kubectl postern ', 'postern ')
        .replace(/req_\w{26}/g, 'req_01KC3N7Q0V8R5T2YB9DZ6XHJ4M')
        .replace(/^Access for \d+ min/m, 'Access for 30 min')
        .replace(/ended at .*: it was/g, 'ended at 14:05: it was')
      return `$ ${typed}\n${text.trimEnd()}`
    })
    .join('\n\n')
  if (process.env.POSTERN_RECORD_SESSION) writeFileSync(file, `${session}\n`)
  const stable = (text: string) =>
    text
      .trimEnd()
      .split('\n')
      .filter((line) => !isOfWait(line))
  expect(stable(session)).toEqual(stable(readFileSync(file, 'utf8')))
}

const restart = () => ['kubectl', '--request-timeout=20s', 'rollout', 'restart', 'deployment', '-n', namespace]

/** The worker learns of a new namespace when it reads the cluster. */
async function untilNamespaceIsKnown() {
  const mina = await as('mina')
  const trial = ['request', 'payments-restart', '-n', namespace, '--dry-run']
  await until('the namespace to be known', async () => (await postern(trial, mina)).code === 0)
}

test('a person signs in with a browser, and only they can read what is stored', async () => {
  expect((await postern(['whoami'])).code, 'before the sign-in').toBe(3)
  const { code, out, err } = await login()
  expect([code, out], err).toEqual([0, `Signed in to ${served.url} as mina@example.com.\n`])
  for (const file of filesIn(home)) expect(statSync(file).mode & 0o077, file).toBe(0)
  const who = await postern(['whoami', '-o', 'json'])
  expect(JSON.parse(who.out)).toMatchObject({ subject: 'mina', groups: ['payments-dev'], server: served.url })
})

test('kubectl lists the program as its plugin, runs it by that name, and completes its commands', async () => {
  const listed = await start(kubernetes.kubectl, ['plugin', 'list'], asPlugin).ended
  expect([listed.code, listed.out], listed.err).toEqual([0, expect.stringContaining(`${plugin}\n`)])
  expect((await kubectlPostern('--version')).out).toBe((await postern(['--version'])).out)
  expect((await kubectlPostern('inbox', '--help')).out).toMatch(/^Usage: kubectl postern inbox /)
  expect((await kubectlPostern('whoami', '-o', 'name')).out).toBe((await postern(['whoami', '-o', 'name'])).out)
  const unknown = await kubectlPostern('ls', '--context', 'absent')
  expect(unknown.err).toContain('Run: kubectl postern login --context absent URL')
  const completed = async (...words: string[]) =>
    (await start(kubernetes.kubectl, ['__complete', 'postern', ...words], asPlugin).ended).out.split('\n')
  expect(await completed('kubec')).toEqual([expect.stringMatching(/^kubeconfig\tWrite a kubeconfig/), ':4', ''])
  expect(await completed('request', '--dry')).toEqual(['--dry-run', ':0', ''])
  const wrong = await kubectlPostern('absent')
  expect([wrong.code, wrong.err]).toEqual([2, expect.stringContaining('(run kubectl postern --help for usage)')])
})

test('kubectl is forbidden, one line requests the access, and after the approval the same command works', async () => {
  await served.whileWorking(async () => {
    const [program = '', ...args] = restart()
    const forbidden = await kubectl(...args)
    expect([program, forbidden.code]).toEqual(['kubectl', 1])
    expect(forbidden.err).toContain('forbidden')

    await untilNamespaceIsKnown()
    const running = startPostern(['run', '--yes', '--reason', 'the checkout pods hang', '--', ...restart()])
    const request = await pendingRequest(running)
    expect(request).toMatchObject({ entitlement: 'payments-restart', namespaces: [namespace] })
    const priya = await as('priya')
    const stale = await postern(['approve', request.id, '--digest', `sha256:${'0'.repeat(64)}`], priya)
    expect([stale.code, stale.err]).toEqual([1, expect.stringContaining('Review the new terms')])
    expect((await postern(['approve', request.id], priya)).code, 'without the digest that was read').toBe(2)
    expect(await postern(['approve', request.id, '--digest', request.digest], priya)).toMatchObject({ code: 0 })
    const ran = await running.ended
    expect([ran.code, ran.err], ran.err).toEqual([0, expect.stringContaining('Running the command again.')])

    const written = await kubectlPostern('kubeconfig', '--use', request.id)
    expect([written.code, written.out]).toEqual([0, `postern/prod-eu/payments-restart/${namespace}\n`])
    expect(readFileSync(kubeconfig, 'utf8')).not.toMatch(/token/i)
    // Plain kubectl, with the tokens of the program that wrote the kubeconfig.
    const { users } = parse(readFileSync(kubeconfig, 'utf8'))
    if (ownPlatform()) expect(users.at(-1).user.exec.command).toBe(plugin)
    expect((await kubectl('get', 'deployments', '-n', namespace)).code).toBe(0)
    expect((await kubectl('get', 'deployments', '-n', namespace)).code, 'from the cache').toBe(0)
    expect((await kubectl('get', 'secrets', '-n', namespace)).err).toContain('forbidden')
    const granted = ['check-access', 'patch', 'deployments.apps', '--cluster', 'prod-eu', '-n', namespace]
    const own = await postern(granted)
    expect([own.code, own.out], own.err).toEqual([0, expect.stringMatching(/^Yes\. Postern granted the access\.\n/)])
    const asked = ['can-i', 'deployments.apps', 'pods', 'services', '--cluster', 'prod-eu', '-n', namespace]
    const { resources } = JSON.parse((await postern([...asked, '-o', 'json'])).out)
    expect(
      resources.map(({ verbs }: { verbs: Record<string, { access: string }> }) =>
        ['get', 'patch', 'delete'].map((verb) => verbs[verb]?.access),
      ),
    ).toEqual([
      ['yes', 'yes', 'unknown'],
      ['request', 'unknown', 'unknown'],
      ['unknown', 'unknown', 'unknown'],
    ])
    const table = (await postern(asked)).out
    expect(table).toMatch(/^deployments\.apps +yes +yes +yes +unknown +unknown +yes +unknown$/m)
    expect(table).toMatch(/^pods +request +request +request +(unknown +){4}automatic$/m)
    expect((await postern([...asked, '-o', 'name'])).out).toBe('automatic\n')
    expect((await postern([...asked, '--as', 'priya'])).code, 'about someone else').toBe(1)

    const extending = startPostern(['extend', request.id, '--for', '20m', '--reason', 'the pods hang again', '--wait'])
    const extension = await pendingRequest(extending)
    await postern(['approve', extension.id, '--digest', extension.digest], priya)
    expect(await extending.ended).toMatchObject({ code: 0, out: `${extension.id}\n` })
    expect((await kubectl('get', 'deployments', '-n', namespace)).code, 'with the same kubeconfig').toBe(0)

    const revoked = await postern(['revoke', extension.id, '--reason', 'enough now'], priya)
    expect([revoked.code, revoked.out]).toEqual([0, expect.stringContaining('Revoked grt_')])
    let after: Ran = await kubectl('get', 'deployments', '-n', namespace)
    // The API server caches a token for ten seconds, and asks no plugin meanwhile.
    await until('the plugin to be asked', async () => {
      after = await kubectl('get', 'deployments', '-n', namespace)
      return after.err.includes('revoked')
    })
    expect(after.err).toMatch(/ended at .*: it was revoked by Priya Raman: enough now\./)
    expect(after.err).toContain(`postern request --again ${extension.id}`)
    compareWithRecord([
      ['kubectl rollout restart deployment -n payments', forbidden],
      ['postern run --yes --reason "the checkout pods hang" -- kubectl rollout restart deployment -n payments', ran],
      // Without kubectl's own words about its attempts, which depend on their number.
      ['kubectl get deployments -n payments', { ...after, err: after.err.split('\n').find(isPluginMessage) ?? '' }],
    ])
    const again = await postern(['request', '--again', extension.id, '--dry-run'])
    expect([again.code, again.out], again.err).toEqual([0, expect.stringContaining('Would be accepted.')])
  })
})

test('a program that goes on running across an extension is refused nothing, and a revocation is final', async () => {
  const own = { KUBECONFIG: kubeconfigOfNoOne('kubeconfig-of-proxy') }
  await served.whileWorking(async () => {
    await untilNamespaceIsKnown()
    const priya = await as('priya')
    const approve = async (id: string) => {
      const { digest } = JSON.parse((await postern(['show', id, '-o', 'json'], priya)).out) as RequestResource
      expect((await postern(['approve', id, '--digest', digest], priya)).code).toBe(0)
    }
    const grantOf = async (id: string): Promise<RequestResource['grant']> =>
      JSON.parse((await postern(['show', id, '-o', 'json'], priya)).out).grant
    const reason = ['--reason', 'the checkout pods hang']
    const requesting = startPostern(['request', 'payments-restart', '-n', namespace, ...reason, '--watch'])
    const { id } = await pendingRequest(requesting)
    await approve(id)
    expect((await postern(['wait', id])).code).toBe(0)
    expect((await postern(['kubeconfig', '--use', id], own)).code).toBe(0)
    // kubectl's own client in one process: each call to the proxy is a call of that client.
    const proxy = start(kubernetes.kubectl, ['proxy', '--port=0'], own)
    try {
      let address = ''
      await until('the proxy listens', () => {
        address = /on (127\.0\.0\.1:\d+)/.exec(proxy.out)?.[1] ?? ''
        return address !== ''
      })
      const url = `http://${address}/apis/apps/v1/namespaces/${namespace}/deployments`
      const answers = new Set<number>()
      const call = async () => {
        const { status } = await fetch(url)
        answers.add(status)
        return status
      }
      expect(await call()).toBe(200)
      // No command waits for the extension: the plugin notices it without one.
      const extending = await postern(['extend', id, '--for', '20m', '--reason', 'the pods hang again'])
      const extension = extending.out.trim()
      await approve(extension)
      await until(
        'the extended access has ended',
        async () => {
          await call()
          return (await grantOf(id))?.status === 'ended'
        },
        120_000,
      )
      await call()
      expect([(await grantOf(id))?.endedBy, [...answers]]).toEqual(['superseded', [200]])
      const { code, out } = await requesting.ended
      // Shortly before midnight it is active until a time of the next day.
      const changes = out.split('\n').map((text) => text.slice(7).replace(/(\d{4}-\d\d-\d\d )?\d\d:\d\d$/, 'then'))
      // It may be approved for a moment only.
      expect([code, changes.filter((words) => words !== 'approved')]).toEqual([
        0,
        [
          expect.stringMatching(/^pending, waiting for payments-leads \(.+\)$/),
          'active until then',
          'ending',
          'ended (superseded)',
          '',
        ],
      ])
      expect((await postern(['revoke', extension, '--reason', 'enough now'], priya)).code).toBe(0)
      await until('the program is refused', async () => (await call()) !== 200)
      await until('the plugin to be asked', async () => {
        await call()
        return proxy.err.includes('was revoked by Priya Raman: enough now')
      })
    } finally {
      proxy.child.kill()
      await proxy.ended
    }
  })
}, 300_000)

test('a refusal in a pipe becomes a request that is active at once where no one has to approve', async () => {
  const refusal = `Error from server (Forbidden): pods is forbidden: User "mina" cannot list resource "pods" in API group "" in the namespace "${namespace}"`
  const dry = await postern(['request', '--dry-run'], {}, refusal)
  expect([dry.code, dry.out], dry.err).toEqual([
    0,
    expect.stringMatching(/^Would be accepted\.\n {2}still needed: The reason must .*\nApproval: +not needed\n/),
  ])
  await served.whileWorking(async () => {
    const args = ['request', '--reason', 'the checkout pods hang', '--wait', '-o', 'name']
    const requested = await postern(args, {}, refusal)
    expect([requested.code, requested.out], requested.err).toEqual([0, expect.stringMatching(/^req_\w{26}\n$/)])
    const held = await postern(['request'], {}, refusal)
    expect([held.code, held.err]).toEqual([0, expect.stringContaining('You have this already')])
    const id = requested.out.trim()
    const list = await postern(['ls', '-o', 'json'])
    expect(JSON.parse(list.out).items.map((one: { id: string }) => one.id)).toContain(id)
    expect((await postern(['release', id])).out).toContain('Released grt_')
  })
})

test('a request by name says that its access is held already, and opens its page in a browser', async () => {
  const opened = join(folder, 'opened')
  const browser = join(folder, 'browser')
  writeFileSync(browser, `#!/bin/sh\nprintf %s "$1" > ${opened}\n`, { mode: 0o700 })
  await served.whileWorking(async () => {
    const args = ['request', 'automatic', '-n', namespace, '--reason', 'the checkout pods hang', '--wait', '-o', 'name']
    const first = await postern(args)
    expect([first.code, first.err], first.err).toEqual([0, expect.not.stringContaining('already')])
    const second = await postern([...args, '--open'], { BROWSER: browser })
    expect([second.code, second.err], second.err).toEqual([0, expect.stringContaining('You have this already: ')])
    await until('the page opens', () => existsSync(opened) && readFileSync(opened, 'utf8') !== '')
    const page = `${served.url}/requests/${second.out.trim()}`
    expect(readFileSync(opened, 'utf8')).toBe(page)
    expect(second.err, 'where no browser opens').toContain(page)
    for (const { out } of [first, second]) expect((await postern(['release', out.trim()])).code).toBe(0)
  })
})

test('a shell has the access of a grant until it is left, a question is answered, and a denial says why', async () => {
  await served.whileWorking(async () => {
    const reason = ['--reason', 'the checkout pods hang']
    const granted = await postern(['request', 'automatic', '-n', namespace, ...reason, '--wait', '-o', 'name'])
    const id = granted.out.trim()
    const shell = await postern(
      ['shell', id],
      { SHELL: '/bin/sh' },
      `kubectl get pods -n ${namespace}; echo code $?; exit 3\n`,
    )
    expect([shell.code, shell.out], shell.err).toEqual([3, expect.stringContaining('code 0')])
    expect(shell.err).toContain('Released the access')
    expect((await postern(['shell', id], { SHELL: '/bin/sh' })).code).toBe(1)

    const waiting = startPostern(['request', 'payments-restart', '-n', namespace, ...reason, '--wait'])
    const request = await pendingRequest(waiting)
    const priya = await as('priya')
    expect((await postern(['comment', request.id, 'Which pods?', '--needs-information'], priya)).code).toBe(0)
    const shown = await postern(['show', request.id])
    expect(shown.out).toMatch(/Waiting for: +an answer from Mina Okafor/)
    expect(shown.out).toMatch(/Comments: +Priya Raman at .*, needs more information: Which pods\?/)
    expect((await postern(['comment', request.id, 'All of them'])).code).toBe(0)
    expect((await postern(['deny', request.id, '--digest', request.digest], priya)).code, 'without a reason').toBe(2)
    await postern(['deny', request.id, '--digest', request.digest, '--note', 'use the runbook'], priya)
    expect(await waiting.ended).toMatchObject({ code: 1, err: expect.stringContaining('Priya Raman: use the runbook') })
  })
  const sent = await postern([
    'request',
    'payments-restart',
    '-n',
    namespace,
    '--reason',
    'once again, please',
    '-o',
    'name',
  ])
  expect((await postern(['wait', sent.out.trim(), '--timeout', '1s'])).code).toBe(5)
  expect((await postern(['withdraw', sent.out.trim()])).code).toBe(0)
  expect((await postern(['contexts', '-o', 'json'])).out).toContain(served.url)
})

const halfAnHour = 30 * 60_000

test(
  'helm installs a chart with the access of a request, goes on across an extension, and is refused without',
  async () => {
    const program = await ensureHelm(console.log)
    const own = {
      KUBECONFIG: kubeconfigOfNoOne('kubeconfig-of-helm'),
      PATH: `${dirname(program)}:${dirname(kubernetes.kubectl)}:${process.env.PATH}`,
    }
    const helm = (...args: string[]) => start(program, [...args, '-n', namespace], own).ended
    const chart = join(folder, 'shop')
    mkdirSync(join(chart, 'templates'), { recursive: true })
    writeFileSync(join(chart, 'Chart.yaml'), 'apiVersion: v2\nname: shop\nversion: 1.0.0\n')
    writeFileSync(join(chart, 'values.yaml'), 'greeting: hello\n')
    const template = [
      'apiVersion: v1',
      'kind: ConfigMap',
      'metadata: { name: shop }',
      'data: { a: {{ .Values.greeting }} }',
    ]
    writeFileSync(join(chart, 'templates/settings.yaml'), template.join('\n'))
    await served.whileWorking(async () => {
      const without = await helm('list')
      expect([without.code, without.err]).toEqual([1, expect.stringContaining('secrets is forbidden')])
      await untilNamespaceIsKnown()

      const install = ['helm', 'install', 'shop', chart, '-n', namespace]
      const running = startPostern(['run', '--yes', '--reason', 'the shop must be installed', '--', ...install], own)
      const request = await pendingRequest(running)
      expect(request).toMatchObject({ entitlement: 'releases', namespaces: [namespace] })
      const priya = await as('priya')
      await postern(['approve', request.id, '--digest', request.digest], priya)
      const ran = await running.ended
      expect([ran.code, ran.out], ran.err).toEqual([0, expect.stringContaining('STATUS: deployed')])
      const held = await postern(['run', '--', 'helm', 'list', '-n', namespace], own)
      expect([held.code, held.out], held.err).toEqual([0, expect.stringMatching(/^shop\s/m)])
      expect(held.err).toContain('You have this already')

      expect((await postern(['kubeconfig', '--use', request.id], own)).code).toBe(0)
      expect((await helm('list', '-q')).out, 'through the plugin').toBe('shop\n')
      const elsewhere = await start(program, ['list', '-n', 'default'], own).ended
      expect([elsewhere.code, elsewhere.err]).toEqual([1, expect.stringContaining('forbidden')])

      const extending = startPostern(['extend', request.id, '--for', '20m', '--reason', 'one more upgrade', '--wait'])
      const extension = await pendingRequest(extending)
      await postern(['approve', extension.id, '--digest', extension.digest], priya)
      expect((await extending.ended).code).toBe(0)
      const upgraded = await helm('upgrade', 'shop', chart, '--set', 'greeting=again')
      expect([upgraded.code, upgraded.out], upgraded.err).toEqual([0, expect.stringContaining('REVISION: 2')])
      expect((await helm('get', 'manifest', 'shop')).out).toContain('a: again')

      expect((await postern(['release', extension.id])).code).toBe(0)
      let after: Ran = upgraded
      // The API server caches a token for ten seconds, and asks no plugin meanwhile.
      await until('the plugin to be asked', async () => {
        after = await helm('list')
        return after.err.includes('ended at')
      })
      expect([after.code, after.err]).toEqual([1, expect.stringContaining(`postern request --again ${extension.id}`)])
    })
  },
  halfAnHour,
)

test(
  'stern lists pods with the access of a request that it was refused without, and through the plugin',
  async () => {
    const program = await ensureStern(console.log)
    const own = {
      KUBECONFIG: kubeconfigOfNoOne('kubeconfig-of-stern'),
      PATH: `${dirname(program)}:${dirname(kubernetes.kubectl)}:${process.env.PATH}`,
    }
    // No pod runs in this cluster, so there is no log to read.
    const all = ['.', '--no-follow', '--only-log-lines']
    await served.whileWorking(async () => {
      const without = await start(program, [...all, '-n', namespace], own).ended
      expect([without.code, without.err]).toEqual([1, expect.stringContaining('pods is forbidden')])
      await untilNamespaceIsKnown()
      const reason = ['--yes', '--reason', 'the shop prints errors']
      const ran = await postern(['run', ...reason, '--', 'stern', ...all, '-n', namespace], own)
      expect([ran.code, ran.err], ran.err).toEqual([0, expect.stringContaining('Running the command again.')])
      const id = (await postern(['ls', '-o', 'name'])).out.trim().split('\n')[0] ?? ''
      expect((await postern(['kubeconfig', '--use', id], own)).code).toBe(0)
      const through = await start(program, [...all, '-n', namespace], own).ended
      expect([through.code, through.err]).toEqual([0, ''])
      const elsewhere = await start(program, [...all, '-n', 'default'], own).ended
      expect([elsewhere.code, elsewhere.err]).toEqual([1, expect.stringContaining('pods is forbidden')])
      expect((await postern(['release', id])).code).toBe(0)
    })
  },
  halfAnHour,
)

test.runIf(hasPseudoTerminals)(
  'on the full-screen inbox a request that changed in between is refused and shown again, and its new terms can be decided',
  async () => {
    const [priya, sam] = [await as('priya'), await as('sam')]
    const submit = async (duration: string) => {
      const asked = ['request', 'by-two', '-n', namespace, '--reason', 'the settings look wrong', '--for', duration]
      const { code, out, err } = await postern([...asked, '-o', 'name'])
      expect(code, err).toBe(0)
      return JSON.parse((await postern(['show', out.trim(), '-o', 'json'], priya)).out) as RequestResource
    }
    const request = await submit('30m')
    const inbox = await onTerminal(process.execPath, [join(built, 'launcher.js'), 'inbox'], { HOME: home, ...priya })
    await inbox.shows('Read volume claims')
    inbox.type('\r')
    await inbox.shows(request.digest)
    const narrowed = await postern(['approve', request.id, '--digest', request.digest, '--for', '10m'], sam)
    expect(narrowed.code, narrowed.err).toBe(0)
    inbox.type('a')
    await inbox.shows('Approve Read volume claims for Mina Okafor.')
    inbox.type('\r')
    await inbox.shows('Another approver narrowed the terms')
    const rows = (await inbox.shows(/approved by Sam Duarte at .*, narrowed/)).join('\n')
    expect(rows).toMatch(/^Duration: +10 minutes$/m)
    expect(rows).not.toContain(request.digest)
    inbox.type('a')
    await inbox.shows('Approve Read volume claims')
    inbox.type('good\r')
    await inbox.shows('Approved: Read volume claims for Mina Okafor.')
    const { status, decisions } = JSON.parse((await postern(['show', request.id, '-o', 'json'], priya)).out)
    expect([status, decisions.at(-1)]).toMatchObject(['approved', { note: 'good', person: { name: 'Priya Raman' } }])

    const other = await submit('20m')
    inbox.type('r')
    await inbox.shows(/^Duration: +20 minutes$/)
    inbox.type('\r')
    await inbox.shows(other.digest)
    await postern(['deny', other.id, '--digest', other.digest, '--note', 'use the runbook'], sam)
    inbox.type('a')
    await inbox.shows('Approve Read volume claims')
    inbox.type('\r')
    await inbox.shows(/already denied by Sam Duarte/)
    await inbox.shows(/^Status: +denied$/)
    inbox.type('qq')
    expect((await inbox.ended).code).toBe(0)
    printed.push(inbox.sent())
  },
)
test.runIf(hasPseudoTerminals)(
  'a request is chosen and written on a screen of 80×24, its violation is corrected there, and it waits for approval',
  async () => {
    const args = [join(built, 'launcher.js'), 'request', '-n', namespace]
    const mina = { HOME: home, ...(await as('mina')) }
    await served.whileWorking(untilNamespaceIsKnown)
    const screen = await onTerminal(process.execPath, args, mina)
    await screen.shows('Which access?')
    screen.type('restart')
    await screen.shows(/^> Restart payment services .* by payments-leads/)
    screen.type('\r')
    await screen.shows(/^> Duration +30 minutes$/)
    screen.type('5h')
    await screen.shows(/^ {2}! .*2 hours/)
    await screen.shows('Would be refused.')
    screen.type('\x7f\x7f20m\r')
    await screen.shows('Would be accepted.')
    screen.type('checkout does not answer\rOPS-77')
    const rows = await screen.shows((shown) => {
      const isAccepted = shown.some((row) => row.startsWith('Would be accepted.'))
      return isAccepted && !shown.some((row) => row.includes('still needed') || row.includes('Checking'))
    })
    expect(rows.join('\n')).toMatch(/^Approval: +payments-leads/m)
    screen.type('\x13')
    expect((await screen.ended).code).toBe(0)
    expect(await screen.isFullScreen()).toBe(false)
    printed.push(screen.sent())
    const id = /Submitted (req_\w+): /.exec(screen.sent())?.[1] ?? ''
    expect(screen.sent()).toContain('Waiting for payments-leads')
    const { out } = await postern(['show', id, '-o', 'json'], mina)
    expect(JSON.parse(out)).toMatchObject({
      ...{ status: 'pending', entitlement: 'payments-restart', namespaces: [namespace], duration: 'PT20M' },
      ...{ reason: 'checkout does not answer', ticket: 'OPS-77' },
    })
    expect((await postern(['withdraw', id], mina)).code).toBe(0)
  },
)
if (!hasPseudoTerminals) process.stderr.write('NOT CHECKED: the full-screen inbox. This is not Linux\n')

test.runIf(hasPseudoTerminals)(
  'in one terminal and an empty home, a person installs the package, signs in, is forbidden, goes on one line later and across an extension, and is told why it ended',
  async () => {
    const own = join(folder, 'empty-home')
    mkdirSync(own)
    execFileSync('npm', ['pack', '--silent', '--pack-destination', own], { cwd: built, stdio: 'pipe' })
    const [archive = ''] = readdirSync(own)
    const environment = {
      ...{ HOME: own, PS1: '$ ', KUBECONFIG: kubeconfigOfNoOne('kubeconfig-of-the-terminal'), POSTERN_KEYRING: 'off' },
      PATH: [join(own, 'node_modules/.bin'), dirname(kubernetes.kubectl), process.env.PATH].join(':'),
    }
    const size = { columns: 240, rows: 40 }
    const shell = await onTerminal('bash', ['--norc', '--noprofile', '-i'], environment, size)
    /** Empties the screen and types a line. */
    const enter = async (typed: string) => {
      shell.type('\x0c')
      await shell.shows((rows) => rows[0] === '$' && rows.slice(1).every((row) => row === ''))
      shell.type(`${typed}\r`)
    }
    /** What is on the screen when the shell waits for the next line. */
    const result = async () =>
      (await shell.shows((rows) => rows[0] !== '$' && rows.filter(Boolean).at(-1) === '$')).join('\n')
    const run = async (typed: string) => {
      await enter(typed)
      return result()
    }
    const approveLatest = async (): Promise<string> => {
      await shell.shows('waiting for payments-leads')
      const id =
        shell
          .sent()
          .match(/req_\w{26}/g)
          ?.at(-1) ?? ''
      const approving = await onTerminal(join(own, 'node_modules/.bin/postern'), ['approve', id], {
        ...environment,
        ...(await as('priya')),
      })
      await approving.shows(/^Digest: sha256:/)
      await approving.shows('Approve this request? [y/N]')
      approving.type('y\r')
      expect((await approving.ended).code).toBe(0)
      return id
    }
    const get = `kubectl get deployments -n ${namespace}`

    await served.whileWorking(async () => {
      await untilNamespaceIsKnown()
      await run('cd')
      await run(`npm install --silent --offline --omit=optional --no-audit --no-fund ./${archive}`)
      await enter(`postern login ${served.url} --no-browser`)
      let address = ''
      await until('the address to sign in at', () => {
        address = /http\S+response_type=\S+/.exec(shell.sent())?.[0] ?? ''
        return address !== ''
      })
      await fetch(await signInAs(address, new URL(address).searchParams.get('redirect_uri') ?? '', 'mina'))
      expect(await result()).toContain(`Signed in to ${served.url} as mina@example.com.`)

      expect(await run(get)).toContain('is forbidden')
      await enter(`postern run -- ${restart().join(' ')}`)
      await shell.shows(/^Request .* on prod-eu for 30 minutes\? \[y\/N\]/)
      shell.type('y\r')
      await shell.shows('Why do you need it?')
      shell.type('the checkout pods hang\r')
      const id = await approveLatest()
      expect(await result()).toContain('deployment.apps/checkout restarted')
      expect(await run(`postern kubeconfig --use ${id}`)).toContain('postern/prod-eu/payments-restart')
      expect(await run(get)).toMatch(/^checkout /m)

      await enter(`postern extend ${id} --for 20m --wait`)
      await shell.shows('Why do you need more time?')
      shell.type('they hang again\r')
      const extension = await approveLatest()
      expect(await result()).toContain('Extended until')
      expect(await run(get), 'with the same kubeconfig').toMatch(/^checkout /m)

      await postern(['revoke', extension, '--reason', 'enough now'], await as('priya'))
      let after = ''
      // The API server caches a token for ten seconds, and asks no plugin meanwhile.
      await until('the plugin to be asked', async () => {
        after = await run(get)
        return after.includes('ended at')
      })
      expect(after).toContain('it was revoked by Priya Raman: enough now.')
      expect(after).toContain(`postern request --again ${extension} --wait`)
    })
    shell.type('exit\r')
    await shell.ended
    printed.push(shell.sent())
    for (const file of filesIn(join(own, '.config'))) expect(statSync(file).mode & 0o077, file).toBe(0)
  },
)

test('a person signs in with a code, and a sign-out ends the session at the identity provider', async () => {
  const { code, err } = await login(['--device'])
  expect(code, err).toBe(0)
  const [file = ''] = filesIn(home).filter((path) => path.includes('/tokens/'))
  const copy = readFileSync(file, 'utf8')
  expect((await postern(['logout'])).out).toBe(`Signed out of ${served.url}.\n`)
  expect(existsSync(file)).toBe(false)
  const { refreshToken, issuer, clientId } = JSON.parse(copy)
  const body = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: refreshToken, client_id: clientId })
  expect((await fetch(`${issuer}/token`, { method: 'POST', body })).status).toBe(400)
  expect((await postern(['ls'])).code).toBe(3)
})

test('no token of the story was an argument or an output of any program', () => {
  const tokens = served.provider.issued()
  expect(tokens.length).toBeGreaterThan(3)
  const all = printed.join('\n')
  expect(tokens.filter((token) => all.includes(token))).toEqual([])
  // Tokens of the cluster are JSON Web Tokens too. Only the plugin prints one, and only to kubectl.
  expect(all).not.toMatch(/eyJ[\w-]{20,}\./)
})
