// Checks the chart with the real Helm, and what it renders with the real API server.
import { execFileSync, spawnSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse, parseAllDocuments, stringify } from 'yaml'
import { parseConfiguration } from '#lib/adapters/policy/parse'
import { parseEnv } from '#lib/env'
import { checkout } from '#local/processes/places'
import { ensureHelm } from '#local/programs/programs'
import { testParts } from '#testing/database'
import { spawnPostern } from '../../cli/running.testing.ts'
import { chart, everySetting, exampleValues, renderChart, runHelm } from './helm.ts'
import { manifestsFile, renderManifests } from './manifests.ts'

type KubernetesObject = {
  kind: string
  metadata: { name: string; namespace?: string; annotations?: Record<string, string> }
  // biome-ignore lint/suspicious/noExplicitAny: each kind has other fields, and a test names what it expects of them
  spec?: any
  data?: Record<string, string>
  rules?: object[]
}

let helm = ''
const halfAnHour = 30 * 60_000
beforeAll(async () => {
  helm = await ensureHelm(console.log)
}, halfAnHour)

const objectsIn = (text: string): KubernetesObject[] =>
  parseAllDocuments(text)
    .map((document) => document.toJS() as KubernetesObject | null)
    .filter((object) => object !== null)
const rendered = (...settings: string[]) => objectsIn(renderChart(helm, ...settings))

function find(objects: KubernetesObject[], kind: string, name: string): KubernetesObject {
  const found = objects.find((object) => object.kind === kind && object.metadata.name === name)
  if (!found) throw new Error(`the chart has no ${kind} ${name}`)
  return found
}

/** Why Helm refuses these settings; '' if it does not. */
function refusal(...settings: string[]): string {
  try {
    renderChart(helm, ...settings)
    return ''
  } catch (error) {
    return String((error as { stderr?: string }).stderr)
  }
}

test('Helm finds nothing to improve in the chart', () => {
  const args = ['lint', chart, '--strict', '--namespace', 'postern-system', '--values', exampleValues]
  expect(runHelm(helm, args)).toContain('1 chart(s) linted, 0 chart(s) failed')
})

test('the plain manifests are what the chart renders, and kubectl builds them', () => {
  expect(readFileSync(manifestsFile, 'utf8')).toBe(renderManifests(helm))
  const args = ['kustomize', join(checkout, 'deploy/manifests')]
  const built = execFileSync(testParts().kubernetes.kubectl, args, { encoding: 'utf8' })
  expect(objectsIn(built)).toHaveLength(objectsIn(renderManifests(helm)).length)
})

describe('the settings', () => {
  test.each([
    ['--set replicas=3', /additional properties 'replicas' not allowed/],
    ['--set web.replicas=0', /at '\/web\/replicas': minimum: got 0, want 1/],
    ['--set image.pullPolicy=Sometimes', /at '\/image\/pullPolicy'/],
    ['--set rbac.namespaces={kube-system}', /at '\/rbac\/namespaces\/0'/],
    ['--set rbac.podNamespaces={postern-system}', /at '\/rbac\/podNamespaces\/0'/],
    ['--set secrets.optional={PASSWORD}', /at '\/secrets\/optional\/0'/],
    ['--set env.POSTERN_ROLE=all', /'POSTERN_ROLE' does not match pattern/],
    ['--set ingress.enabled=true', /at '\/ingress\/host'/],
    ['--set gateway.enabled=true', /at '\/gateway\/hostnames'/],
    [
      '--set tokenReview.enabled=true',
      /needs networkPolicy\.tokenReviewFrom, the pods of the ingress controller that receives TokenReviews/,
    ],
    ['--set tokenReview.host=review.example.com', /at '\/tokenReview\/tlsSecret'/],
    [
      '--set tokenReview.enabled=true,tokenReview.host=x.example.com,tokenReview.tlsSecret=t,ingress.host=x.example.com,networkPolicy.enabled=false',
      /tokenReview\.host must be a host name of its own/,
    ],
    ['--set monitoring.enabled=true', /needs POSTERN_METRICS_TOKEN in secrets\.optional/],
    ['--set configuration=null', /set configuration \(the content of postern\.yaml\) or existingConfigMap/],
    ['--namespace default', /install Postern into the namespace postern-system/],
  ])('helm %s is refused, with what would be right', (args, message) => {
    expect(refusal(...args.split(' '))).toMatch(message)
  })

  test('the schema names every setting, and no other', () => {
    const values = parse(readFileSync(join(chart, 'values.yaml'), 'utf8'))
    const schema = JSON.parse(readFileSync(join(chart, 'values.schema.json'), 'utf8'))
    const { global: _global, ...properties } = schema.properties
    expect(Object.keys(properties).sort()).toEqual(Object.keys(values).sort())
  })
})

describe('what the chart installs', () => {
  test('the configuration of the example is valid, and unchanged in the ConfigMap', () => {
    const { data } = find(rendered(), 'ConfigMap', 'postern')
    const { configuration } = parse(readFileSync(exampleValues, 'utf8'))
    expect(parse(data?.['postern.yaml'] ?? '')).toEqual(configuration)
    expect(parseConfiguration(data?.['postern.yaml'] ?? '', 'postern.yaml')).toMatchObject({ ok: true })
  })

  test('web pods have no token, no kubeconfig and no secrets of channels, and workers none for sign-ins or audit events', () => {
    const objects = rendered(...everySetting)
    const [web, worker] = ['postern-web', 'postern-worker'].map(
      (name) => find(objects, 'Deployment', name).spec.template.spec,
    )
    expect([web.automountServiceAccountToken, worker.automountServiceAccountToken]).toEqual([false, true])
    const secretsOf = (pod: typeof web) =>
      pod.volumes.flatMap(({ secret }: { secret?: { secretName: string; items?: { key: string }[] } }) =>
        secret ? (secret.items?.map(({ key }) => key) ?? [secret.secretName]) : [],
      )
    const common = ['DATABASE_URL', 'POSTERN_SIGNING_KEY']
    const signIn = ['POSTERN_OIDC_CLIENT_SECRET', 'POSTERN_SESSION_SECRET']
    expect(secretsOf(web)).toEqual([...common, ...signIn, 'POSTERN_METRICS_TOKEN', 'audit'])
    expect(secretsOf(worker)).toEqual([...common, 'POSTERN_METRICS_TOKEN', 'POSTERN_SLACK_TOKEN', 'clusters'])
    expect(JSON.stringify([web, worker])).not.toContain('POSTERN_MIGRATION')
  })

  test.each(['web', 'worker'])('the environment of a %s pod is one that Postern accepts', (role) => {
    const { containers } = find(rendered(...everySetting), 'Deployment', `postern-${role}`).spec.template.spec
    const folder = mkdtempSync(join(tmpdir(), 'postern-secrets-'))
    const secrets: Record<string, string> = {
      DATABASE_URL: 'postgresql://postern_app@db/postern',
      POSTERN_METRICS_TOKEN: 'a-metrics-token-for-tests-only',
      POSTERN_SLACK_TOKEN: 'xoxb-for-tests-only',
    }
    const env = (containers[0].env as { name: string; value: string }[]).map(({ name, value }) => {
      if (!name.endsWith('_FILE')) return [name, value]
      const variable = name.replace(/_FILE$/, '')
      expect(value).toBe(`/etc/postern/secrets/${variable}`)
      writeFileSync(join(folder, variable), secrets[variable] ?? `${variable}-for-tests-only-0123456789abcdef`)
      return [name, join(folder, variable)]
    })
    expect(parseEnv(Object.fromEntries(env))).toMatchObject({ role, port: 3000, hostname: '0.0.0.0' })
    rmSync(folder, { recursive: true })
  })

  test('the permissions are those of deploy/rbac.yaml, and each part can be left out', () => {
    // The kubelet renews the token of a pod.
    const own = objectsIn(readFileSync(join(checkout, 'deploy/rbac.yaml'), 'utf8')).filter(
      ({ metadata }) => metadata.name !== 'postern-token-renewal',
    )
    const inChart = rendered(...everySetting)
    for (const object of own.filter(({ metadata }) => metadata.name !== 'postern-system'))
      expect(find(inChart, object.kind, object.metadata.name)).toEqual(object)
    const granted = inChart.filter(({ kind, rules }) => /Role$/.test(kind) && rules)
    expect(granted).toHaveLength(own.filter(({ rules }) => rules).length)
    const names = (...settings: string[]) =>
      rendered(...settings).map(({ kind, metadata }) => `${kind}/${metadata.name}`)
    expect(names('--set', 'rbac.readRights=false').join()).not.toContain('rights-reader')
    expect(names('--set', 'rbac.readAdmission=false').join()).not.toContain('admission-reader')
    expect(names().join()).not.toContain('pod-reader')
    expect(names().join()).not.toContain('token-renewal')
    expect(names('--set', 'clusters.inCluster=false').join()).not.toMatch(/Role|ResourceQuota/)
  })

  test('the alerts are those of deploy/alerts.yaml', () => {
    const { spec } = find(rendered(...everySetting), 'PrometheusRule', 'postern')
    expect(spec).toEqual(parse(readFileSync(join(checkout, 'deploy/alerts.yaml'), 'utf8')))
  })

  test('every pod of the namespace is denied all traffic except that of its own policy', () => {
    const policies = rendered().filter(({ kind }) => kind === 'NetworkPolicy')
    const [all, ...others] = policies
    expect(all?.spec).toEqual({ podSelector: {}, policyTypes: ['Ingress', 'Egress'] })
    expect(others.map(({ metadata, spec }) => [metadata.name, spec.ingress?.length ?? 0])).toEqual([
      ['postern-web', 1],
      ['postern-worker', 0],
      ['postern-migration', 0],
    ])
    const ports = ({ spec }: KubernetesObject) =>
      spec.egress.flatMap((rule: { ports: { port: number }[] }) => rule.ports.map(({ port }) => port))
    expect(others.map(ports)).toEqual([
      [53, 53, 5432, 443],
      [53, 53, 5432, 443, 6443],
      [53, 53, 5432],
    ])
  })
})

describe('where API servers send TokenReviews', () => {
  const from = '[{"namespaceSelector":{"matchLabels":{"a":"d"}}}]'
  const on = ['--set', 'tokenReview.enabled=true', '--set-json', `networkPolicy.tokenReviewFrom=${from}`]

  test('workers have a Service and only the named pods may call them, and without it neither', () => {
    const objects = rendered(...on)
    const worker = find(objects, 'Deployment', 'postern-worker').spec
    const service = find(objects, 'Service', 'postern-review').spec
    expect(worker.template.metadata.labels).toMatchObject(service.selector)
    expect(service.selector['app.kubernetes.io/component']).toBe('worker')
    expect(service.ports).toEqual([{ name: 'http', port: 80, targetPort: 'http' }])
    const ingressOf = (all: KubernetesObject[]) => find(all, 'NetworkPolicy', 'postern-worker').spec.ingress
    expect(ingressOf(objects)).toEqual([{ from: JSON.parse(from), ports: [{ port: 3000, protocol: 'TCP' }] }])
    const withMetrics = rendered(...on, '--set-json', 'networkPolicy.metricsFrom=[{"podSelector":{}}]')
    expect(ingressOf(withMetrics)[0].from).toEqual([{ podSelector: {} }, ...JSON.parse(from)])
    const off = rendered('--set-json', `networkPolicy.tokenReviewFrom=${from}`)
    expect(ingressOf(off)).toBeUndefined()
    expect(off.map(({ kind, metadata }) => `${kind}/${metadata.name}`)).not.toContain('Service/postern-review')
  })

  test('a host name of their own reaches the webhook of the workers and no other path, with TLS', () => {
    const objects = rendered(...on, '--set', 'tokenReview.host=review.example.com,tokenReview.tlsSecret=review-tls')
    const { tls, rules } = find(objects, 'Ingress', 'postern-review').spec
    expect(tls).toEqual([{ hosts: ['review.example.com'], secretName: 'review-tls' }])
    const backend = { service: { name: 'postern-review', port: { name: 'http' } } }
    const paths = [{ path: '/authenticate/', pathType: 'Prefix', backend }]
    expect(rules).toEqual([{ host: 'review.example.com', http: { paths } }])
    expect(objects.filter(({ kind }) => kind === 'Ingress')).toHaveLength(1)
  })
})

describe('the API server', () => {
  const { kubernetes } = testParts()
  const namespace = 'postern-system'
  const kubectl = (args: string[], input = '') => {
    const always = [
      `--kubeconfig=${kubernetes.adminKubeconfig}`,
      `--cache-dir=${join(dirname(kubernetes.adminKubeconfig), 'cache')}`,
    ]
    const result = execFileSync('sh', ['-c', '"$@" 2>&1', 'sh', kubernetes.kubectl, ...always, ...args], {
      input,
      encoding: 'utf8',
    })
    return result
  }
  /** Objects of the Prometheus operator and of the Gateway API are unknown to this API server. */
  const isBuiltIn = ({ kind }: KubernetesObject) => !/^(ServiceMonitor|PrometheusRule|HTTPRoute)$/.test(kind)
  const dryRun = (objects: KubernetesObject[]) =>
    kubectl(
      ['apply', '--dry-run=server', '--validate=strict', '-f', '-'],
      objects.map((object) => stringify(object)).join('---\n'),
    )

  beforeAll(() =>
    kubectl(['label', 'namespace', namespace, 'pod-security.kubernetes.io/warn=restricted', '--overwrite']),
  )
  afterAll(() => kubectl(['label', 'namespace', namespace, 'pod-security.kubernetes.io/warn-']))

  test('the API server accepts every object of the chart, without a warning, where it enforces the restricted profile', () => {
    const objects = rendered(...everySetting).filter(isBuiltIn)
    const answer = dryRun(objects)
    // The tests' own binding was made with `kubectl create`.
    const warnings = answer
      .split('\n')
      .filter((line) => /^warning/i.test(line) && !/last-applied-configuration/.test(line))
    expect(warnings).toEqual([])
    expect(answer.match(/\(server dry run\)/g)).toHaveLength(objects.length)
  })

  test('a container that may write its root filesystem or run as root would be noticed', () => {
    const worker = find(rendered(), 'Deployment', 'postern-worker')
    const broken = structuredClone(worker)
    broken.spec.template.spec.containers[0].securityContext = { readOnlyRootFilesystem: 'maybe' }
    expect(() => dryRun([broken])).toThrow()
    broken.spec.template.spec.containers[0].securityContext = {}
    broken.spec.template.spec.securityContext = {}
    expect(dryRun([broken])).toMatch(/Warning: would violate PodSecurity "restricted/)
  })
})

describe('the commands of the documents', () => {
  const { kubernetes } = testParts()
  const folder = mkdtempSync(join(tmpdir(), 'postern-install-'))
  afterAll(() => rmSync(folder, { recursive: true }))
  const commands = ['docs/install.md', 'docs/upgrade.md'].flatMap((page) =>
    [...readFileSync(join(checkout, page), 'utf8').matchAll(/^ *```sh\n([\s\S]*?)^ *```/gm)].flatMap(([, text = '']) =>
      text
        .trim()
        .split('\n')
        .map((line) => line.trim()),
    ),
  )
  beforeAll(() => {
    symlinkSync(join(checkout, 'deploy'), join(folder, 'deploy'))
    copyFileSync(exampleValues, join(folder, 'values.yaml'))
    for (const file of commands.join(' ').matchAll(/--from-file=(\S+)/g))
      writeFileSync(join(folder, file[1] ?? ''), 'x')
  })
  const run = (program: string, args: string[]) =>
    spawnSync(program, args, {
      cwd: folder,
      encoding: 'utf8',
      env: {
        ...process.env,
        KUBECONFIG: kubernetes.adminKubeconfig,
        KUBECACHEDIR: join(folder, 'cache'),
        HELM_CACHE_HOME: folder,
      },
    })

  test('the pages have commands', () => {
    expect(commands.length).toBeGreaterThan(8)
  })

  // Nothing is changed in the tests' cluster, which other tests share: the server itself answers what would happen.
  test.each(commands.filter((command) => command.startsWith('kubectl')))('the API server accepts %s', (command) => {
    const [, ...args] = command.split(' ')
    const isReading = args.includes('logs')
    const { stderr } = run(kubernetes.kubectl, isReading ? args : [...args, '--dry-run=server'])
    const errors = stderr.split('\n').filter((line) => /^error|^Error/.test(line))
    expect(errors.filter((line) => !/AlreadyExists|jobs\.batch "postern-migration" not found/.test(line))).toEqual([])
  })

  test.each(commands.filter((command) => command.startsWith('helm')))('Helm accepts %s', (command) => {
    const [, ...args] = command.split(' ')
    // Before an upgrade there is a release, which this cluster has not.
    const dryRun = {
      install: ['--dry-run=client'],
      // Nothing is installed here that could be upgraded or uninstalled.
      upgrade: ['--install', '--dry-run=client'],
      uninstall: ['--dry-run'],
      rollback: ['--dry-run=client'],
    }[args[0] as 'install' | 'upgrade' | 'uninstall' | 'rollback']
    const { stderr, stdout } = run(helm, [...args, ...dryRun])
    if (args[0] === 'uninstall' || args[0] === 'rollback') expect(stderr).toMatch(/release: not found/)
    else
      expect([stderr.match(/^Error.*/m)?.[0], stdout]).toEqual([undefined, expect.stringContaining('kind: Deployment')])
  })

  test.each(commands.filter((command) => command.startsWith('npx postern')))(
    '%s is a command of Postern',
    async (command) => {
      const args = command.split(' ').slice(2)
      const { out, code } = await spawnPostern([...args.slice(0, 2), '--help'])
      expect(code).toBe(0)
      for (const option of args.filter((arg) => arg.startsWith('--'))) expect(out).toContain(`${option} `)
    },
  )

  test('every command belongs to one of these programs', () => {
    expect(commands.filter((command) => !/^(kubectl|helm|npx postern) /.test(command))).toEqual([])
  })
})
