// Installs Postern on a real node as docs/install.md says, and uses it there: `npm run test:deploy`. Each test needs the ones
// before it.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { get } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { stringify } from 'yaml'
import type { IssuedCredential } from '#lib/core/access/credential-resource'
import type { RequestResource } from '#lib/core/access/request-resource'
import { apiFor } from '#local/demo/api-client'
import { nodeObstacle } from '#local/node/obstacle'
import { openClient } from '#local/parts/postgres'
import { signInAs } from '#local/parts/sign-in'
import { onTerminal } from '#testing/pseudo-terminal'
import { until } from '#testing/until'
import { machineState, processesWith } from './machine.testing.ts'
import { installCommand, openTerminal, type Ran } from './own-terminal.testing.ts'
import {
  documentedCommands,
  openStage,
  pushImage,
  type Stage,
  startLines,
  timed,
  writeInstallation,
} from './stage.testing.ts'

// The limit only ends what hangs. The first run builds the programs, which takes ten minutes.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 40 * 60_000 })

const obstacle = nodeObstacle()
if (obstacle) process.stderr.write(`NOT CHECKED: Postern on a real node. ${obstacle}\n`)

const system = '--namespace=postern-system'

describe.skipIf(obstacle)('on a real node', () => {
  if (obstacle) return
  const before = machineState()
  let stage: Stage
  let image: { repository: string; digest: string; pushed: string }
  let values: ReturnType<typeof writeInstallation>
  let shell: { request: string; grant: string; kubeconfig: string }

  beforeAll(async () => {
    stage = await openStage()
    image = await timed('image, into a registry', () => pushImage(stage))
    values = writeInstallation(stage, image)
  })
  afterAll(() => stage?.stop())

  /** Runs a command of docs/install.md or docs/upgrade.md, exactly as it is there. */
  const follow = (beginning: string) => {
    const command = documentedCommands().find((line) => line.startsWith(beginning))
    if (!command) throw new Error(`the documents have no command that begins with ${beginning}`)
    const [program = '', ...args] = command.split(' ')
    return stage.asAdmin(program, args)
  }
  const as = async (person: string) => apiFor(stage.publicUrl, await stage.provider.sign(person, {}))
  const node = (...code: string[]) => ['/usr/bin/node', '-e', ...code]
  const podsOf = (component: string) =>
    stage
      .kubectl(
        'get',
        'pods',
        system,
        `-l=app.kubernetes.io/component=${component}`,
        '-o=jsonpath={.items[*].metadata.name}',
      )
      .split(' ')
  /** What becomes of a connection from inside a pod: `connected`, `ECONNREFUSED`, `nothing` within three seconds. */
  const connects = (namespace: string, pod: string, host: string, port: number) =>
    stage
      .kubectl(
        ...['exec', `--namespace=${namespace}`, pod, '--'],
        ...node(
          `const s=require('net').connect(${port},'${host}');const e=(t)=>{console.log(t);process.exit()};s.on('connect',()=>e('connected'));s.on('error',(x)=>e(x.code));setTimeout(()=>e('nothing'),3000)`,
        ),
      )
      .trim()

  test('the registry has the image under the digest that `npm run image` prints', () => {
    expect(image.pushed).toBe(`${image.repository}@${image.digest}`)
  })

  test('the commands of docs/install.md make both Deployments ready', async () => {
    await timed('namespace and secrets', () => {
      follow('kubectl create namespace')
      follow('kubectl label namespace')
      follow('kubectl -n postern-system create secret generic postern ')
      follow('kubectl -n postern-system create secret generic postern-migration')
      follow('kubectl -n postern-system create configmap')
    })
    await stage.apply(
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'payments' } },
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'elsewhere' } },
    )
    const notes = await timed('helm install --wait', () => follow('helm install'))
    expect(notes).toContain('STATUS: deployed')
    for (const name of ['web', 'worker'])
      expect(stage.kubectl('rollout', 'status', system, `deployment/postern-${name}`)).toContain(
        'successfully rolled out',
      )
    const address = stage.kubectl('get', 'service', system, 'postern', '-o=jsonpath={.spec.clusterIP}')
    await stage.node.open('web', `${address}:80`, stage.publicPort)
  })

  test('the pods run as their user, without capabilities, with seccomp, and cannot write to their root', () => {
    const code = `const fs=require('fs');let w='';try{fs.writeFileSync('/app/x','')}catch(e){w=e.code};const s=fs.readFileSync('/proc/self/status','utf8');console.log(process.getuid(),w,s.match(/CapEff:\\s*(\\S+)/)[1],s.match(/Seccomp:\\s*(\\d)/)[1],s.match(/NoNewPrivs:\\s*(\\d)/)[1])`
    for (const component of ['web', 'worker'])
      expect(stage.kubectl('exec', system, podsOf(component)[0] ?? '', '--', ...node(code)).trim()).toBe(
        '65532 EROFS 0000000000000000 2 1',
      )
  })

  test('every connection of Postern to PostgreSQL is encrypted', async () => {
    const client = openClient(stage.postgres.adminUrl)
    await client.connect()
    const { rows } = await client.query(
      "SELECT ssl, count(*)::int AS count FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE usename = 'postern_app' GROUP BY ssl",
    )
    await client.end()
    expect(rows).toEqual([{ ssl: true, count: expect.any(Number) }])
  })

  test('only a worker has a token of the API server', () => {
    const code = `console.log(require('fs').existsSync('/var/run/secrets/kubernetes.io/serviceaccount/token'))`
    const hasToken = (component: string) =>
      stage.kubectl('exec', system, podsOf(component)[0] ?? '', '--', ...node(code)).trim()
    expect([hasToken('web'), hasToken('worker')]).toEqual(['false', 'true'])
  })

  test('a person signs in at a provider whose certificate only extraCa knows', async () => {
    const origin = stage.publicUrl
    const cookies = new Map<string, string>()
    const browse = async (url: string, init: RequestInit = {}) => {
      const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
      const response = await fetch(url, { ...init, redirect: 'manual', headers: { origin, cookie } })
      for (const line of response.headers.getSetCookie()) {
        const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
        cookies.set(name, value)
      }
      return response
    }
    // The network plugin applies the policies a moment after a pod is ready.
    await until('every web pod to reach the provider', () =>
      podsOf('web').every((pod) => connects('postern-system', pod, '10.244.0.1', stage.providerPort) === 'connected'),
    )
    const form = new URLSearchParams({ callbackUrl: '/' })
    const begun = await browse(`${origin}/api/auth/signin/oidc`, { method: 'POST', body: form })
    const toProvider = begun.headers.get('location') ?? ''
    expect(toProvider, stage.kubectl('logs', system, '-l=app.kubernetes.io/component=web', '--tail=5')).toMatch(
      new RegExp(`^${stage.issuer}/`),
    )
    // The browser is on this machine, which reaches the provider at another address.
    const fromHere = toProvider.replace(stage.issuer, `https://127.0.0.1:${stage.providerPort}`)
    await browse(await signInAs(fromHere, `${origin}/api/auth/callback/oidc`, 'mina'))
    const page = await browse(`${origin}/access`)
    expect(page.status).toBe(200)
    expect(await page.text()).toContain('Mina Okafor')
  })

  /** Makes pods with the image that the node has, and waits until they are ready. */
  const startPods = async (...pods: { name: string; namespace: string; code: string }[]) => {
    await stage.apply(
      ...pods.map(({ name, namespace, code }) => ({
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name, namespace },
        spec: {
          terminationGracePeriodSeconds: 1,
          containers: [{ name, image: `${image.repository}@${image.digest}`, command: node(code) }],
        },
      })),
    )
    for (const { name, namespace } of pods)
      stage.kubectl('wait', '--for=condition=Ready', `--namespace=${namespace}`, `pod/${name}`, '--timeout=120s')
  }
  const idle = 'setInterval(() => {}, 1e6)'

  test('a person gets a shell in a real pod by a request that someone else approves', async () => {
    await until('the ServiceAccounts to exist', () => {
      const names = stage.kubectl('get', 'serviceaccounts', '-A', '-o=name', '--field-selector=metadata.name=default')
      return names.split('\n').length > 5
    })
    await startPods(
      { name: 'api', namespace: 'payments', code: idle },
      { name: 'probe', namespace: 'elsewhere', code: idle },
    )

    const [mina, priya] = [await as('mina'), await as('priya')]
    const began = Date.now()
    const { id } = await mina.post<{ id: string }>('/requests', {
      entitlement: 'payments-shell',
      cluster: 'prod-eu',
      namespaces: ['payments'],
      duration: 'PT30M',
      reason: 'The API hangs on its upstream',
    })
    const { digest } = await priya.request(id)
    await priya.post(`/requests/${id}/decisions`, { decision: 'approve', digest, note: '' })
    await until('the grant to be active', async () => (await mina.request(id)).grant?.status === 'active')
    process.stderr.write(`         from the request to an active grant: ${Date.now() - began} ms\n`)
    const grant = (await mina.request(id)).grant?.id ?? ''
    const credential: IssuedCredential = await mina.credential(grant)
    const kubeconfig = join(stage.folder, 'mina.kubeconfig')
    writeFileSync(kubeconfig, credential.kubeconfig, { mode: 0o600 })
    shell = { request: id, grant, kubeconfig }

    expect(withGrant('get', 'pods', '--output=name')).toBe('pod/api\n')
    expect(withGrant('exec', 'api', '--', ...node('console.log("inside", process.pid)'))).toMatch(/^inside \d+\n$/)
    expect(() => withGrant('get', 'secrets')).toThrow(/forbidden/)
  })

  const grantArgs = (...args: string[]) => [
    ...[`--kubeconfig=${shell.kubeconfig}`, `--cache-dir=${join(stage.folder, 'mina-cache')}`, '--namespace=payments'],
    ...args,
  ]
  const withGrant = (...args: string[]) => stage.kubectl(...grantArgs(...args))

  test('a session and a watch that are open when access ends stay open, and a new call is refused', async () => {
    const { kubectl } = stage.kubernetes
    const session = startLines(
      kubectl,
      grantArgs('exec', 'api', '--', ...node('setInterval(() => console.log(Date.now()), 50)')),
    )
    const watch = startLines(kubectl, grantArgs('get', 'pods', '--watch', '--output=name'))
    try {
      await until('the session to be open', () => session.lines().length > 2)
      await until('the watch to be open', () => watch.lines().length > 0)
      const sam = await as('sam')
      await sam.post(`/grants/${shell.grant}/revoke`, { reason: 'The incident is over' })
      await until('the grant to have ended', async () => (await sam.request(shell.request)).grant?.status === 'ended')
      expect(() => withGrant('get', 'pods')).toThrow(/Forbidden|Unauthorized/)
      const lines = session.lines().length
      const seen = watch.lines().length
      stage.kubectl('label', '--namespace=payments', 'pod/api', 'after=the-end')
      await until('the session to go on or to end', () => session.lines().length > lines + 20 || session.hasEnded())
      await until('the watch to go on or to end', () => watch.lines().length > seen || watch.hasEnded())
      expect({ session: session.hasEnded(), watch: watch.hasEnded() }).toEqual({ session: false, watch: false })

      // What closes a session: the end of its pod.
      stage.kubectl('delete', '--namespace=payments', 'pod/api')
      await until('the session to end with its pod', () => session.hasEnded())
    } finally {
      session.kill()
      watch.kill()
    }
  })

  let terminals: Record<'mina' | 'priya', Awaited<ReturnType<typeof openTerminal>>>

  /** Approves a request in Priya's terminal, and waits in Mina's until its access works. */
  const approve = async (id: string) => {
    const { mina, priya } = terminals
    const { digest }: RequestResource = JSON.parse(await priya.postern('show', id, '-o', 'json'))
    await priya.postern('approve', id, '--digest', digest)
    await mina.postern('wait', id)
  }

  test('with the credential plugin, kubectl runs commands in a pod and follows its log across an extension, and after the end it says why', async () => {
    const programs = await timed('the command, packed and installed', () => installCommand(stage.folder))
    terminals = {
      mina: await openTerminal(stage, 'mina', programs),
      priya: await openTerminal(stage, 'priya', programs),
    }
    const { mina, priya } = terminals
    await startPods({ name: 'checkout', namespace: 'payments', code: `console.log('started');${idle}` })
    /** Runs Node.js in the pod. */
    const execute = (...args: string[]) => mina.kubectl('exec', 'checkout', '--', ...node(...args))
    /** Adds a line to the log of the pod, from a command in it. */
    const addToLog = async (text: string) => {
      const ran = await execute(`fs.writeFileSync('/proc/1/fd/1', '${text}\\n')`)
      expect(ran).toEqual({ code: 0, out: '', err: '' })
    }

    const reason = ['--reason', 'checkout does not answer']
    const id = await mina.postern('request', 'payments-shell', '-n', 'payments', ...reason, '-o', 'name')
    await approve(id)
    expect(await mina.postern('kubeconfig', '--use', id)).toBe('postern/prod-eu/payments-shell/payments')
    expect(readFileSync(mina.env.KUBECONFIG, 'utf8')).not.toMatch(/token/i)

    const code = `process.stdin.on('data', (text) => console.log('heard ' + text)).on('end', () => process.exit(7))`
    const piped = await mina.run('kubectl', ['exec', '-i', 'checkout', '--', ...node(code)], 'a question')
    expect(piped).toEqual({ code: 7, out: 'heard a question\n', err: 'command terminated with exit code 7\n' })
    expect((await mina.kubectl('get', 'secrets')).err).toContain('forbidden')

    const shell = await onTerminal('kubectl', ['exec', '-it', 'checkout', '--', '/usr/bin/node'], mina.env)
    onTestFinished(() => shell.type('process.exit()\r'))
    await shell.shows(/^>$/)
    shell.type('process.getuid() + 1\r')
    await shell.shows('65533')
    shell.type('process.exit(5)\r')
    expect((await shell.ended).code, shell.sent()).toBe(5)

    const log = startLines('kubectl', ['logs', '-f', 'checkout'], mina.env)
    onTestFinished(() => log.kill())
    await until('the log', () => log.lines().length > 0)
    await addToLog('before the extension')
    await until('the new line', () => log.lines().length > 1)

    const more = ['--reason', 'it still does not answer']
    const extension = await mina.postern('extend', id, '--for', '20m', ...more)
    await approve(extension)
    await until('the first grant to have ended', async () => {
      const { grant }: RequestResource = JSON.parse(await mina.postern('show', id, '-o', 'json'))
      return grant?.status === 'ended'
    })
    await addToLog('after the extension')
    await until('the new line', () => log.lines().length > 2)
    expect(log.lines()).toEqual(['started', 'before the extension', 'after the extension'])
    expect(log.hasEnded()).toBe(false)

    await priya.postern('revoke', extension, '--reason', 'the incident is over')
    // The API server caches a token for ten seconds, and asks no plugin meanwhile.
    for (const args of [
      ['exec', 'checkout', '--', ...node('console.log("inside")')],
      ['logs', '-f', 'checkout'],
    ]) {
      let after: Ran = piped
      await until('the plugin to be asked', async () => {
        after = await mina.kubectl(...args)
        return after.err.includes('ended at')
      })
      expect([after.code, after.out, after.err]).toEqual([
        1,
        '',
        expect.stringMatching(/revoked by Priya .*: the incident is over\./),
      ])
      expect(after.err).toContain(`postern request --again ${extension} --wait`)
    }
    stage.kubectl('delete', '--namespace=payments', 'pod/checkout')
    expect(await log.ended).toBe(0)
  })

  test('k9s lists by the credential plugin what the grant allows, and shows the log of a pod', async () => {
    const { mina } = terminals
    await startPods({ name: 'cart', namespace: 'payments', code: `console.log('the cart has started');${idle}` })
    const reason = ['--reason', 'the cart is empty']
    const id = await mina.postern('request', 'payments-shell', '-n', 'payments', ...reason, '-o', 'name')
    await approve(id)
    const context = await mina.postern('kubeconfig', id)
    const settings = join(mina.env.HOME, 'k9s')
    mkdirSync(settings)
    // It must not ask for its latest release.
    const config = { k9s: { skipLatestRevCheck: true, ui: { logoless: true, splashless: true } } }
    writeFileSync(join(settings, 'config.yaml'), stringify(config))
    const k9s = await onTerminal(
      stage.programs.k9s,
      ['--context', context, '--command', 'pods'],
      { ...mina.env, K9S_CONFIG_DIR: settings },
      { columns: 120, rows: 30 },
    )
    await k9s.shows(/cart .*Running/)
    k9s.type('l')
    await k9s.shows('the cart has started')
    k9s.type('\x1b')
    await k9s.shows(/cart .*Running/)
    k9s.type(':secrets\r')
    await k9s.shows('access denied')
    k9s.type('\r')
    await k9s.shows((rows) => !rows.some((row) => row.includes('access denied')))
    k9s.type('\x03')
    expect((await k9s.ended).code).toBe(0)
    await mina.postern('release', id)
    stage.kubectl('delete', '--namespace=payments', 'pod/cart')
  })

  test('stern follows by the credential plugin the logs of the pods that the grant allows, and is refused elsewhere', async () => {
    const { mina } = terminals
    await startPods({ name: 'basket', namespace: 'payments', code: `console.log('the basket has started');${idle}` })
    const reason = ['--reason', 'the basket is empty']
    const id = await mina.postern('request', 'payments-shell', '-n', 'payments', ...reason, '-o', 'name')
    await approve(id)
    const context = await mina.postern('kubeconfig', id)
    const args = [`--context=${context}`, 'basket', '--output=raw', '--only-log-lines']
    const printed = await mina.run(stage.programs.stern, [...args, '--namespace=payments', '--no-follow'])
    expect(printed).toEqual({ code: 0, out: 'the basket has started\n', err: '' })
    const elsewhere = await mina.run(stage.programs.stern, [...args, '--namespace=kube-system', '--no-follow'])
    expect([elsewhere.code, elsewhere.err]).toEqual([1, expect.stringContaining('pods is forbidden')])

    const log = startLines(stage.programs.stern, [...args, '--namespace=payments'], mina.env)
    onTestFinished(() => log.kill())
    await until('the log', () => log.lines().length > 0)
    const code = `fs.writeFileSync('/proc/1/fd/1', 'the basket is full\\n')`
    expect(await mina.kubectl(`--context=${context}`, 'exec', 'basket', '--', ...node(code))).toMatchObject({ code: 0 })
    await until('the new line', () => log.lines().length > 1)
    expect(log.lines()).toEqual(['the basket has started', 'the basket is full'])
    await mina.postern('release', id)
    stage.kubectl('delete', '--namespace=payments', 'pod/basket')
  })

  test('network policies let web and worker reach what they need and nothing else', () => {
    const [web = '', worker = ''] = [podsOf('web')[0], podsOf('worker')[0]]
    const at = (pod: string, port: number, host = '10.244.0.1') => connects('postern-system', pod, host, port)
    expect({
      'web to PostgreSQL': at(web, 5432),
      'web to the provider': at(web, stage.providerPort),
      'web to the API server': at(web, 443, '10.0.0.1') === 'connected',
      'worker to PostgreSQL': at(worker, 5432),
      'worker to the API server': at(worker, 443, '10.0.0.1'),
      'worker to the provider': at(worker, stage.providerPort) === 'connected',
    }).toEqual({
      'web to PostgreSQL': 'connected',
      'web to the provider': 'connected',
      'web to the API server': false,
      'worker to PostgreSQL': 'connected',
      'worker to the API server': 'connected',
      'worker to the provider': false,
    })
    const addressOf = (component: string) =>
      stage.kubectl(
        'get',
        'pods',
        system,
        `-l=app.kubernetes.io/component=${component}`,
        '-o=jsonpath={.items[0].status.podIP}',
      )
    expect(connects('elsewhere', 'probe', addressOf('web'), 3000)).toBe('connected')
    expect(connects('elsewhere', 'probe', addressOf('worker'), 3000)).not.toBe('connected')
  })

  test('a change of the configuration reaches the pods without a restart', async () => {
    const [entitlement] = values.configuration.entitlements
    const configuration = {
      ...values.configuration,
      entitlements: [{ ...entitlement, title: 'Open a shell, after the change' }],
    }
    writeFileSync(join(stage.folder, 'values.yaml'), stringify({ ...values, configuration }))
    const pods = [...podsOf('web'), ...podsOf('worker')]
    await timed('helm upgrade --wait, configuration only', () => follow('helm upgrade'))
    const mina = await as('mina')
    await timed('until the pods have read it', () =>
      until(
        'the new title',
        async () => JSON.stringify(await mina.get('/entitlements')).includes('after the change'),
        200_000,
      ),
    )
    expect([...podsOf('web'), ...podsOf('worker')].sort()).toEqual(pods.sort())
  })

  test('an upgrade that replaces every pod loses no call and keeps live access', async () => {
    const [mina, priya] = [await as('mina'), await as('priya')]
    const { id } = await mina.post<{ id: string }>('/requests', {
      ...{ entitlement: 'payments-shell', cluster: 'prod-eu', namespaces: ['payments'], duration: 'PT30M' },
      reason: 'The API hangs on its upstream again',
    })
    const { digest }: RequestResource = await priya.request(id)
    await priya.post(`/requests/${id}/decisions`, { decision: 'approve', digest, note: '' })
    await until('the grant to be active', async () => (await mina.request(id)).grant?.status === 'active')
    const { kubeconfig } = await mina.credential((await mina.request(id)).grant?.id ?? '')
    writeFileSync(shell.kubeconfig, kubeconfig, { mode: 0o600 })

    const old = podsOf('web')
    const results: string[] = []
    let isUpgrading = true
    // Each call on a connection of its own: what a kept one does when its pod ends is up to the client.
    const call = () =>
      new Promise<string>((resolve) => {
        get(`${stage.publicUrl}/livez`, { agent: false, timeout: 20_000 }, (response) => {
          response.resume().once('end', () => resolve(String(response.statusCode)))
        })
          .once('timeout', () => resolve('no answer'))
          .once('error', ({ message }) => resolve(message))
      })
    const calling = (async () => {
      while (isUpgrading) {
        results.push(await call())
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
    })()
    const again = {
      ...values,
      web: { podAnnotations: { revision: 'two' } },
      worker: { podAnnotations: { revision: 'two' } },
    }
    writeFileSync(join(stage.folder, 'values.yaml'), stringify(again))
    await timed('helm upgrade --wait, every pod', async () => {
      const helm = startLines(
        stage.programs.helm,
        helmArgs(documentedCommands().find((line) => line.startsWith('helm upgrade')) ?? ''),
      )
      expect([await helm.ended, helm.lines().at(-1)]).toEqual([0, expect.anything()])
    })
    isUpgrading = false
    await calling
    const failed = results.filter((result) => result !== '200')
    process.stderr.write(
      `         calls during the upgrade: ${results.length}, failed: ${failed.length} ${failed.slice(0, 3).join('; ')}\n`,
    )
    await until('the old pods to be gone', () => !podsOf('web').some((pod) => old.includes(pod)))
    expect(failed).toEqual([])
    expect(withGrant('get', 'pods', '--output=name')).toBe('')
    const sam = await as('sam')
    await sam.post(`/grants/${(await sam.request(id)).grant?.id}/revoke`, { reason: 'Done' })
    await until('the grant to have ended', async () => (await sam.request(id)).grant?.status === 'ended')
  })
  const helmArgs = (command: string) => [
    ...command
      .split(' ')
      .slice(1)
      .map((word) => (word === 'deploy/chart' || word === 'values.yaml' ? join(stage.folder, word) : word)),
    `--kubeconfig=${stage.kubernetes.adminKubeconfig}`,
  ]

  test('uninstalling leaves no object of the chart in the cluster', async () => {
    await timed('helm uninstall', () => follow('helm uninstall'))
    await until('the objects of the chart to be gone', () => {
      const names = stage.kubectl(
        'get',
        'all,networkpolicies,configmaps,clusterroles,clusterrolebindings,roles,rolebindings',
        '-A',
        '-o=name',
        '-l=app.kubernetes.io/name=postern',
      )
      const postern = stage.kubectl('get', 'clusterroles,clusterrolebindings,namespaces', '-o=name')
      return names.trim() === '' && !/postern-(?!system)/.test(postern)
    })
    expect(stage.kubectl('get', 'secrets', system, '-o=name')).toMatch(/secret\/postern\n/)
  })

  test('the end of the node leaves nothing on this machine', async () => {
    const { directory } = stage.run
    await timed('everything ended', () => stage.stop())
    expect(machineState()).toEqual(before)
    expect(processesWith(directory)).toEqual([])
  })
})
