// Adds a real cluster of its own with the real kubectl, tests it and removes it again.
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse, parseAllDocuments, stringify } from 'yaml'
import { type Cluster, kubectlAsAdmin } from '#local/parts/kubectl'
import { startKubernetes } from '#local/parts/kubernetes'
import { openRun } from '#local/processes/processes'
import { ensureClusterPrograms } from '#local/programs/programs'
import { until } from '#testing/until'
import { spawnPostern } from '../running.testing.ts'
import { publishedObjects } from './objects.ts'

const folder = mkdtempSync(join(tmpdir(), 'postern-cluster-'))
const run = await openRun({ name: 'second-cluster' })
afterAll(async () => {
  await run.stop()
  rmSync(folder, { recursive: true })
})

let cluster: Cluster
beforeAll(async () => {
  const programs = await ensureClusterPrograms(() => {})
  cluster = await startKubernetes(run, {
    name: 'second',
    directory: join(run.directory, 'second'),
    durable: false,
    programs,
  })
  await kubectlAsAdmin(cluster, ['create', 'namespace', 'payments'])
})

const kubeconfig = join(folder, 'staging.kubeconfig')
const postern = (...args: string[]) =>
  spawnPostern(['cluster', ...args], {
    cwd: folder,
    env: {
      PATH: [dirname(cluster.kubectl), process.env.PATH].join(delimiter),
      KUBECACHEDIR: join(folder, 'cache'),
      FORCE_COLOR: '0',
    },
  })
const asAdmin = () => ['--kubeconfig', cluster.adminKubeconfig, '--context', cluster.adminContext]
const add = (...args: string[]) => postern('add', 'staging', ...asAdmin(), ...args)
const doctor = (file = kubeconfig, ...args: string[]) => postern('doctor', '--kubeconfig', file, ...args)
const count = async (...args: string[]) =>
  (await kubectlAsAdmin(cluster, ['get', ...args, '--ignore-not-found', '--output=name']))
    .trim()
    .split('\n')
    .filter(Boolean).length

/** The options that name the Postern that is removed. */
const own = ['--server', 'https://postern.example.com']

/** The account of a grant of some Postern. */
async function aGrant(name: string, instance: string) {
  const account = [`serviceaccount`, name, '--namespace=postern-grants']
  await kubectlAsAdmin(cluster, ['create', ...account])
  const labels = ['app.kubernetes.io/managed-by=postern', `postern.dev/instance=${instance}`, 'postern.dev/grant=grt_1']
  await kubectlAsAdmin(cluster, ['label', ...account, ...labels])
}

/** A copy of Postern's kubeconfig with something changed. */
function changed(name: string, change: (config: { clusters: object[]; users: object[] }) => void): string {
  const config = parse(readFileSync(kubeconfig, 'utf8'))
  change(config)
  writeFileSync(join(folder, name), stringify(config))
  return join(folder, name)
}

test('what would be applied is deploy/rbac.yaml and a binding in each namespace, and printing it changes nothing', async () => {
  const { code, out, err } = await add('--print', '--namespace', 'payments')
  expect([code, err]).toEqual([0, ''])
  const objects = parseAllDocuments(out).map((document) => document.toJS())
  const published = publishedObjects().filter(({ metadata }) => metadata.name !== 'postern-pod-reader')
  expect(objects.slice(0, -1)).toEqual(published)
  expect(objects.at(-1)).toMatchObject({
    kind: 'RoleBinding',
    metadata: { name: 'postern-granter', namespace: 'payments' },
  })
  expect(await count('namespace', 'postern-system')).toBe(0)
})

describe('the tokens that never expire', () => {
  const tokens = (...args: string[]) => postern('tokens', ...asAdmin(), ...args)
  const applied = (object: object) => kubectlAsAdmin(cluster, ['apply', '--filename=-'], JSON.stringify(object))
  const whoAmI = async (token: string) => {
    const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token } }
    const made = await kubectlAsAdmin(cluster, ['create', '--filename=-', '--output=json'], JSON.stringify(review))
    return (JSON.parse(made) as { status: { authenticated?: boolean; error?: string } }).status
  }

  test('a cluster without any says so', async () => {
    expect(await tokens()).toMatchObject({ code: 0, out: expect.stringMatching(/^No Secret of this cluster holds/) })
  })

  test('are listed with who uses them and how to remove each, and no token is printed', async () => {
    await kubectlAsAdmin(cluster, ['create', 'serviceaccount', 'deployer', '--namespace=payments'])
    for (const name of ['deployer-token', 'mounted-token'])
      await applied({
        apiVersion: 'v1',
        kind: 'Secret',
        type: 'kubernetes.io/service-account-token',
        metadata: { name, namespace: 'payments', annotations: { 'kubernetes.io/service-account.name': 'deployer' } },
      })
    await applied({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'worker', namespace: 'payments' },
      spec: {
        automountServiceAccountToken: false,
        containers: [{ name: 'main', image: 'x', volumeMounts: [{ name: 'token', mountPath: '/token' }] }],
        volumes: [{ name: 'token', projected: { sources: [{ secret: { name: 'mounted-token' } }] } }],
      },
    })
    const secretOf = async () =>
      JSON.parse(
        await kubectlAsAdmin(cluster, ['get', 'secret', 'deployer-token', '--namespace=payments', '--output=json']),
      ) as { data?: { token?: string } }
    await until('the token to be made', async () => Boolean((await secretOf()).data?.token))
    const token = Buffer.from((await secretOf()).data?.token ?? '', 'base64').toString()
    expect(await whoAmI(token)).toMatchObject({ authenticated: true })

    const young = await tokens()
    expect([young.code, young.out]).toEqual([0, expect.stringContaining('None is older than 30 days.')])
    const old = await tokens('--older-than', '0d')
    expect(old.code).toBe(1)
    expect(old.out).toMatch(/payments\/mounted-token +deployer +0 days +\S+ +worker +accepted/)
    expect(old.out).toMatch(/payments\/deployer-token +deployer +0 days +\d{4}-\d\d-\d\d +no pod +accepted/)
    expect(old.out).toContain('kubectl create token deployer --namespace=payments --duration=1h')
    expect(old.out + old.err).not.toContain(token.slice(0, 20))

    // The command that it prints works.
    const label = /kubectl (label secret deployer-token .*)/.exec(old.out)?.[1] ?? ''
    await kubectlAsAdmin(cluster, label.split(' '))
    await until('the API server to refuse the token', async () => !(await whoAmI(token)).authenticated)
    const { out } = await tokens('--older-than', '0d', '--output', 'json')
    expect(JSON.parse(out).secrets).toContainEqual(
      expect.objectContaining({ name: 'deployer-token', invalidSince: expect.any(String), isOld: true, pods: [] }),
    )
    expect((await tokens('--older-than', '0d')).out).toContain('refused since')
    await kubectlAsAdmin(cluster, ['delete', 'secrets,pods', '--all', '--namespace=payments'])
  })
})

test.each([
  [['--namespace', 'kube-system'], /Postern never grants access in kube-system/],
  [['--namespace', 'postern-grants'], /Postern never grants access in postern-grants/],
  [['--namespace', 'nowhere'], /the cluster has no namespace nowhere/],
  [['--lifetime', '2y'], /Expected 1d to 365d/],
])('postern cluster add %j is refused before anything is applied', async (args, message) => {
  const { code, err } = await add(...args)
  expect([code, err]).toEqual([2, expect.stringMatching(message)])
  expect(await count('namespace', 'postern-system')).toBe(0)
})

describe('an added cluster', () => {
  const extent = ['--namespace', 'payments']

  test('add prepares the cluster, tests it, and prints the section of postern.yaml', async () => {
    const { code, out, err } = await add(...extent, '--lifetime', '30d')
    expect(err).not.toContain('PROBLEM')
    for (const what of ['reachable', 'version', 'clock', 'permissions', 'nothing more'])
      expect(err).toMatch(new RegExp(`^ok +${what}: `, 'm'))
    expect(code).toBe(0)
    const file = '/etc/postern/clusters/staging.kubeconfig'
    expect(parse(out)).toEqual({ clusters: [{ name: 'staging', kubeconfig: { file }, publicServer: cluster.server }] })
    expect(statSync(kubeconfig).mode & 0o777).toBe(0o600)
    const { token } = parse(readFileSync(kubeconfig, 'utf8')).users[0].user
    expect(out + err).not.toContain(token)
    const { iat, exp } = JSON.parse(Buffer.from(token.split('.')[1], 'base64url').toString('utf8'))
    expect(exp - iat).toBe(30 * 24 * 3600)
  })

  test('adding it again renews the token', async () => {
    const before = readFileSync(kubeconfig, 'utf8')
    expect((await add(...extent)).code).toBe(0)
    expect(readFileSync(kubeconfig, 'utf8')).not.toBe(before)
  })

  test('the doctor names each missing permission', async () => {
    await kubectlAsAdmin(cluster, ['delete', 'rolebinding', 'postern-granter', '--namespace=payments'])
    const { code, out } = await doctor(kubeconfig, ...extent)
    expect(code).toBe(1)
    expect(out).toMatch(/^PROBLEM permissions: missing: create roles\.rbac\.authorization\.k8s\.io in payments; /m)
    expect(out).toContain('escalate roles.rbac.authorization.k8s.io in payments')
    expect(out).toContain('bind clusterroles.rbac.authorization.k8s.io view in payments')
    expect((await doctor()).code).toBe(0)
    expect((await add(...extent)).code).toBe(0)
  })

  test('the doctor says that Postern can’t renew its token, and adding the cluster again permits it', async () => {
    await kubectlAsAdmin(cluster, ['delete', 'rolebinding', 'postern-token-renewal', '--namespace=postern-system'])
    const { code, out } = await doctor()
    expect([code, out]).toEqual([
      1,
      expect.stringMatching(/^PROBLEM permissions: missing: create serviceaccounts\/token postern in postern-system$/m),
    ])
    expect((await add(...extent)).code).toBe(0)
    expect((await doctor()).code).toBe(0)
  })

  test('the doctor refuses the account of an administrator', async () => {
    const { code, out } = await postern('doctor', ...asAdmin())
    expect([code, out]).toEqual([1, expect.stringMatching(/^PROBLEM nothing more: this account may do everything/m)])
  })

  test.each<[string, Parameters<typeof changed>[1], RegExp]>([
    [
      'a token that is not valid',
      (config) => Object.assign(config.users[0] ?? {}, { user: { token: 'x.y.z' } }),
      /run postern cluster add again/,
    ],
    [
      'a server that does not listen',
      (config) => Object.assign(config.clusters[0] ?? {}, { cluster: { server: 'https://127.0.0.1:9' } }),
      /Open the network from Postern’s workers/,
    ],
    [
      'a certificate of an unknown authority',
      (config) => Object.assign(config.clusters[0] ?? {}, { cluster: { server: cluster.server } }),
      /certificate-authority-data/,
    ],
  ])('the doctor says how to fix %s', async (_, change, fix) => {
    const { code, out } = await doctor(changed('broken.kubeconfig', change))
    expect([code, out]).toEqual([1, expect.stringMatching(fix)])
  })

  test('remove deletes nothing without --yes, while grants live, or where Postern runs', async () => {
    const listed = await postern('remove', ...asAdmin())
    expect([listed.code, listed.out]).toEqual([
      0,
      expect.stringContaining('would delete RoleBinding payments/postern-granter\n'),
    ])
    await aGrant('postern-grt-1', 'postern.example.com')
    const live = await postern('remove', ...asAdmin(), ...own, '--yes')
    expect([live.code, live.err]).toEqual([2, expect.stringContaining('1 grant still has access in this cluster')])
    await kubectlAsAdmin(cluster, ['create', 'deployment', 'postern-worker', '--image=x', '--namespace=postern-system'])
    const running = await postern('remove', ...asAdmin(), ...own, '--yes', '--end-access')
    expect([running.code, running.err]).toEqual([2, expect.stringContaining('Postern itself runs in this cluster')])
    await kubectlAsAdmin(cluster, ['delete', 'deployment,pods', '--all', '--namespace=postern-system', '--wait=true'])
    expect(await count('namespace', 'postern-system')).toBe(1)
  })

  test('remove deletes only the grants of the Postern that is named, and keeps what another one needs', async () => {
    await aGrant('postern-grt-2', 'other.example.com')
    const unnamed = await postern('remove', ...asAdmin(), '--yes', '--end-access')
    expect([unnamed.code, unnamed.err]).toEqual([2, expect.stringContaining('other.example.com, postern.example.com')])
    const removed = await postern('remove', ...asAdmin(), ...own, '--yes', '--end-access')
    expect([removed.code, removed.err]).toEqual([0, ''])
    expect(removed.out).toContain('grants of another Postern: other.example.com')
    expect(await count('serviceaccount/postern-grt-1', '--namespace=postern-grants')).toBe(0)
    expect(await count('serviceaccount/postern-grt-2', '--namespace=postern-grants')).toBe(1)
    expect(await count('rolebinding/postern-granter', '--namespace=payments')).toBe(1)
    expect((await doctor()).code).toBe(0)
  })

  test('remove takes everything out of the cluster, and Postern’s token is no longer accepted', async () => {
    const last = ['--server', 'https://other.example.com', '--end-access']
    const removed = await postern('remove', ...asAdmin(), ...last, '--yes')
    expect([removed.code, removed.err]).toEqual([0, ''])
    await until('the roles to be gone', async () => {
      const text = await kubectlAsAdmin(cluster, ['get', 'clusterroles,clusterrolebindings', '--output=name'])
      return !text.includes('postern')
    })
    expect(await count('rolebinding', '--namespace=payments')).toBe(0)
    await until('the token to be refused', async () => (await doctor()).out.startsWith('PROBLEM reachable'))
  })
})
