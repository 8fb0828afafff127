import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AuthorizationV1Api, CoreV1Api, KubeConfig, RbacAuthorizationV1Api } from '@kubernetes/client-node'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Rule } from '#lib/core/access/rule'
import { allows } from '#lib/core/rbac/allows'
import { breakdown } from '#lib/core/rbac/breakdown'
import { type Parts, startTestParts } from '#local/parts/parts'
import { kubectl } from '#testing/kubectl'
import { until } from '#testing/until'
import { parseForbidden } from './forbidden.ts'
import { caseObjects, type KubectlCase, kubectlCases } from './kubectl-cases.testing.ts'
import { parseKubectl } from './kubectl-line.ts'
import { commandsOf } from './shell-words.ts'

// Every kubectl case is run with the real kubectl by a fresh ServiceAccount: with exactly the rules of the parser the
// command works, and with any one permission fewer it is refused. There are no kubelets, so exec, attach, port-forward and
// cp cannot reach a container; they count as working once the API server lets them through to the node.

const namespace = `kubectl-lines-${randomBytes(4).toString('hex')}`
const directory = mkdtempSync(join(tmpdir(), 'postern-kubectl-'))
/** A node of its own for every command: a node that one command cordoned would need no patch from the next. */
const nodeFor = (line: string) => `${namespace}-${line.split(' ')[1]}`
const nodes = new Set(kubectlCases.flatMap(({ line }) => (line.includes('NODE') ? [nodeFor(line)] : [])))
let parts: Parts['kubernetes']
let core: CoreV1Api
let rbac: RbacAuthorizationV1Api
let authorization: AuthorizationV1Api

const admin = (args: string[], input = '') => kubectl(['-n', namespace, ...args], { input })

beforeAll(async () => {
  parts = (await startTestParts()).kubernetes
  const config = new KubeConfig()
  config.loadFromFile(parts.adminKubeconfig)
  core = config.makeApiClient(CoreV1Api)
  rbac = config.makeApiClient(RbacAuthorizationV1Api)
  authorization = config.makeApiClient(AuthorizationV1Api)
  for (const name of nodes) await core.createNode({ body: { metadata: { name } } })
  await core.createNamespace({ body: { metadata: { name: namespace } } })
  await until('the default ServiceAccount', async () => (await admin(['get', 'sa', '-o', 'name'])).includes('default'))
  await admin(['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items: caseObjects }))
  const ready = [{ type: 'Ready', status: 'True' }]
  const status = { status: { phase: 'Running', conditions: ready } }
  const setRunning = (pod: string) =>
    admin(['patch', 'pod', pod, '--subresource=status', '--type=merge', '-p', JSON.stringify(status)])
  await setRunning('web')
  const podOf = async (app: string) =>
    (await admin(['get', 'pods', '-l', `app=${app}`, '-o', 'name'])).trim().split('/')[1]
  const spec = { nodeName: nodeFor('kubectl drain'), containers: [{ name: 'c', image: 'x' }] }
  await core.createNamespacedPod({ namespace, body: { metadata: { name: 'on-node' }, spec } })
  await until('a pod of the Deployment', async () => (await podOf('api')) !== undefined)
  await setRunning((await podOf('api')) ?? '')
  const revisions = async () => (await admin(['get', 'rs', '-l', 'app=undone', '-o', 'name'])).trim().split('\n')
  await until('its first revision', async () => (await revisions())[0] !== '')
  await admin(['set', 'env', 'deploy/undone', 'A=b'])
  await until('a second revision', async () => (await revisions()).length === 2)
})

afterAll(async () => {
  rmSync(directory, { recursive: true, force: true })
  const ours = await rbac.listClusterRoleBinding({ labelSelector: `kubectl-lines=${namespace}` })
  for (const { metadata } of ours.items) {
    await rbac.deleteClusterRoleBinding({ name: metadata?.name ?? '' })
    await rbac.deleteClusterRole({ name: metadata?.name ?? '' })
  }
  // Without a kubelet no one confirms that the pods have stopped.
  await admin(['delete', 'pod', '--all', '--force', '--grace-period=0'])
  for (const name of nodes) await core.deleteNode({ name })
  await core.deleteNamespace({ name: namespace })
})

type Permissions = { rules: Rule[]; clusterRules: Rule[] }

/** Creates a ServiceAccount with exactly these permissions, waits until the API server applies them, and returns its token. */
async function accountWith(name: string, { rules, clusterRules }: Permissions): Promise<string> {
  const subjects = [{ kind: 'ServiceAccount', name, namespace }]
  const metadata = { name, labels: { 'kubectl-lines': namespace } }
  const apiGroup = 'rbac.authorization.k8s.io'
  await core.createNamespacedServiceAccount({ namespace, body: { metadata } })
  if (rules.length > 0) {
    await rbac.createNamespacedRole({ namespace, body: { metadata, rules } })
    const roleRef = { apiGroup, kind: 'Role', name }
    await rbac.createNamespacedRoleBinding({ namespace, body: { metadata, roleRef, subjects } })
  }
  if (clusterRules.length > 0) {
    const wide = { ...metadata, name: `${namespace}-${name}` }
    await rbac.createClusterRole({ body: { metadata: wide, rules: clusterRules } })
    const roleRef = { apiGroup, kind: 'ClusterRole', name: wide.name }
    await rbac.createClusterRoleBinding({ body: { metadata: wide, roleRef, subjects } })
  }
  const user = `system:serviceaccount:${namespace}:${name}`
  for (const resourceAttributes of [...breakdown(rules, [namespace]), ...breakdown(clusterRules, [''])]) {
    await until(`the permissions of ${name}`, async () => {
      const review = { spec: { user, resourceAttributes } }
      return (await authorization.createSubjectAccessReview({ body: review })).status?.allowed === true
    })
  }
  const body = { spec: { audiences: [], expirationSeconds: 3600 } }
  return (await core.createNamespacedServiceAccountToken({ name, namespace, body })).status?.token ?? ''
}

/** Runs the line as that ServiceAccount. Resolves to kubectl's complaint, or to '' where the command worked. */
function run({ line, input = '', stream }: KubectlCase, token: string): Promise<string> {
  const words = commandsOf(line)[0]?.words.slice(1) ?? []
  // The ServiceAccount's flags come first: behind `--` they would belong to the command in the container.
  const flags = [`--server=${parts.server}`, `--certificate-authority=${parts.caFile}`, `--token=${token}`]
  const env = { ...process.env, KUBECONFIG: '/dev/null', KUBE_EDITOR: "sed -i 's/replicas: 0/replicas: 1/'" }
  return new Promise((resolve) => {
    const call = execFile(
      parts.kubectl,
      [...flags, `--cache-dir=${directory}`, '-n', namespace, ...words],
      { env, timeout: 120_000 },
      (error, _, complaint) => {
        const isThrough = stream && complaint.includes('does not have a host assigned')
        // NB: cordon exits with 0 after a refusal.
        const isRefused = error || complaint.includes('is forbidden')
        resolve(isRefused && !isThrough ? complaint || `${error?.message}` : '')
      },
    )
    call.stdin?.on('error', () => {})
    call.stdin?.end(input)
  })
}

type Atom = { rule: Rule; scope: keyof Permissions }

const atomsOf = (rules: Rule[], scope: keyof Permissions): Atom[] =>
  rules.flatMap((rule) =>
    rule.apiGroups.flatMap((group) =>
      rule.resources.flatMap((resource) =>
        rule.verbs.flatMap((verb) =>
          (rule.resourceNames ?? [null]).map((name) => ({
            rule: {
              apiGroups: [group],
              resources: [resource],
              verbs: [verb],
              ...(name ? { resourceNames: [name] } : {}),
            },
            scope,
          })),
        ),
      ),
    ),
  )

const permissionsOf = (atoms: Atom[]): Permissions => ({
  rules: atoms.filter(({ scope }) => scope === 'rules').map(({ rule }) => rule),
  clusterRules: atoms.filter(({ scope }) => scope === 'clusterRules').map(({ rule }) => rule),
})

let accounts = 0

async function confirm(one: KubectlCase) {
  const reading = parseKubectl(`${one.line}\n${one.input ?? ''}`)
  expect(reading, one.line).not.toBeNull()
  if (!reading) return
  const all = [...atomsOf(reading.rules, 'rules'), ...atomsOf(reading.clusterRules, 'clusterRules')]
  const isSpare = ({ rule: { verbs, resources } }: Atom) =>
    one.spare?.includes(`${verbs}`) || one.spare?.includes(`${verbs} ${resources}`)
  const atoms = all.filter((atom) => !isSpare(atom))
  expect(atoms.length, one.line).toBeGreaterThan(0)
  const attempt = async (given: Atom[]) => run(one, await accountWith(`sa-${accounts++}`, permissionsOf(given)))
  // The refused attempts come first: they change nothing, so that the last attempt still has all its work to do.
  const verbsOf = ({ rule }: Atom) => `${rule.verbs} ${rule.resources} ${rule.resourceNames ?? ''}`
  for (const missing of atoms) {
    const complaint = await attempt(atoms.filter((atom) => atom !== missing))
    expect(complaint, `${one.line} without ${verbsOf(missing)}`).toMatch(one.isMute ? /./ : /forbidden/i)
    if (!/forbidden/i.test(complaint)) continue
    // The parser of refusals finds the missing permission in kubectl's complaint. NB: kubectl retries a refused watch as a
    // list.
    const { permissions } = parseForbidden(complaint)
    const expected = missing.rule.verbs.includes('watch') ? { ...missing.rule, verbs: ['watch', 'list'] } : missing.rule
    expect(
      permissions.some((refused) => allows([expected], { ...refused, namespace })),
      `${one.line} without ${verbsOf(missing)}: ${complaint}`,
    ).toBe(true)
  }
  expect(await attempt(atoms), `${one.line} with ${atoms.map(verbsOf).join(', ')}`).toBe('')
}

test.concurrent.each(
  kubectlCases.map((one) => [`${one.line}${one.spare ? ` (without ${one.spare})` : ''}`, one] as const),
)('%s works with exactly the permissions that the parser names', { timeout: 300_000 }, async (_, one) =>
  confirm({
    ...one,
    line: one.line.replace('NODE', nodeFor(one.line)).replace('NAMESPACE', namespace),
    input: one.input?.replace('NAMESPACE', namespace) ?? '',
  }),
)
