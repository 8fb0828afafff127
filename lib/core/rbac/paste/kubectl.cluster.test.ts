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
import { parseForbidden } from './forbidden.ts'
import { knownResources } from './known-resources.ts'
import { caseObjects, type KubectlCase, kubectlCases } from './kubectl-cases.testing.ts'
import { parseKubectl } from './kubectl-line.ts'
import { commandsOf } from './shell-words.ts'

// Each translation of a kubectl line is tried with the real kubectl by a fresh ServiceAccount: with exactly its rules
// the command works, with any one right less it is refused. There are no nodes, so exec, attach, port-forward and cp
// cannot reach a container: they count as working when the API server lets them through to where the node would be.

const namespace = `kubectl-lines-${randomBytes(4).toString('hex')}`
const directory = mkdtempSync(join(tmpdir(), 'postern-kubectl-'))
const node = `${namespace}-node`
let parts: Parts['kubernetes']
let core: CoreV1Api
let rbac: RbacAuthorizationV1Api
let authorization: AuthorizationV1Api

/** Polls until it is true; throws with what it waited for. */
async function until(what: string, probe: () => Promise<boolean>) {
  const deadline = Date.now() + 30_000
  while (!(await probe())) if (Date.now() > deadline) throw new Error(`waited in vain for ${what}`)
}

const admin = (args: string[], input = '') => kubectl(['-n', namespace, ...args], { input })

beforeAll(async () => {
  parts = (await startTestParts()).kubernetes
  const config = new KubeConfig()
  config.loadFromFile(parts.adminKubeconfig)
  core = config.makeApiClient(CoreV1Api)
  rbac = config.makeApiClient(RbacAuthorizationV1Api)
  authorization = config.makeApiClient(AuthorizationV1Api)
  await core.createNode({ body: { metadata: { name: node } } })
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
  const spec = { nodeName: node, containers: [{ name: 'c', image: 'x' }] }
  await core.createNamespacedPod({ namespace, body: { metadata: { name: 'on-node' }, spec } })
  await until('a pod of the Deployment', async () => (await podOf('api')) !== undefined)
  await setRunning((await podOf('api')) ?? '')
  const revisions = async () => (await admin(['get', 'rs', '-l', 'app=undone', '-o', 'name'])).trim().split('\n')
  await until('its first revision', async () => (await revisions())[0] !== '')
  await admin(['set', 'env', 'deploy/undone', 'A=b'])
  await until('a second revision', async () => (await revisions()).length === 2)
}, 90_000)

afterAll(async () => {
  rmSync(directory, { recursive: true, force: true })
  const ours = await rbac.listClusterRoleBinding({ labelSelector: `kubectl-lines=${namespace}` })
  for (const { metadata } of ours.items) {
    await rbac.deleteClusterRoleBinding({ name: metadata?.name ?? '' })
    await rbac.deleteClusterRole({ name: metadata?.name ?? '' })
  }
  // There is no kubelet that would confirm its end.
  await admin(['delete', 'pod', '--all', '--force', '--grace-period=0'])
  await core.deleteNode({ name: node })
  await core.deleteNamespace({ name: namespace })
})

type Rights = { rules: Rule[]; clusterRules: Rule[] }

/** A ServiceAccount with these rights and no others, once the API server knows of them. Answers its token. */
async function withRights(name: string, { rules, clusterRules }: Rights): Promise<string> {
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
    await until(`${name} to have its rights`, async () => {
      const review = { spec: { user, resourceAttributes } }
      return (await authorization.createSubjectAccessReview({ body: review })).status?.allowed === true
    })
  }
  const body = { spec: { audiences: [], expirationSeconds: 3600 } }
  return (await core.createNamespacedServiceAccountToken({ name, namespace, body })).status?.token ?? ''
}

/** Runs the line as that ServiceAccount. Resolves to what it complained about, and '' where it did its work. */
function run({ line, input = '', stream }: KubectlCase, token: string): Promise<string> {
  const words = commandsOf(line)[0]?.words.slice(1) ?? []
  // The ServiceAccount's flags come first: behind `--` they would be part of the command in the container.
  const flags = [`--server=${parts.server}`, `--certificate-authority=${parts.caFile}`, `--token=${token}`]
  const env = { ...process.env, KUBECONFIG: '/dev/null', KUBE_EDITOR: "sed -i 's/replicas: 0/replicas: 1/'" }
  return new Promise((resolve) => {
    const call = execFile(
      parts.kubectl,
      [...flags, `--cache-dir=${directory}`, '-n', namespace, ...words],
      { env, timeout: 20_000 },
      (error, _, complaint) => {
        const isThrough = stream && complaint.includes('does not have a host assigned')
        // NB: cordon ends with 0 after a refusal.
        const isRefused = error || complaint.includes('is forbidden')
        resolve(isRefused && !isThrough ? complaint || `${error?.message}` : '')
      },
    )
    call.stdin?.on('error', () => {})
    call.stdin?.end(input)
  })
}

type Atom = { rule: Rule; scope: keyof Rights }

const atomsOf = (rules: Rule[], scope: keyof Rights): Atom[] =>
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

const rightsOf = (atoms: Atom[]): Rights => ({
  rules: atoms.filter(({ scope }) => scope === 'rules').map(({ rule }) => rule),
  clusterRules: atoms.filter(({ scope }) => scope === 'clusterRules').map(({ rule }) => rule),
})

let accounts = 0

async function prove(one: KubectlCase) {
  const reading = parseKubectl(`${one.line}\n${one.input ?? ''}`)
  expect(reading, one.line).not.toBeNull()
  if (!reading) return
  const all = [...atomsOf(reading.rules, 'rules'), ...atomsOf(reading.clusterRules, 'clusterRules')]
  const isSpare = ({ rule: { verbs, resources } }: Atom) =>
    one.spare?.includes(`${verbs}`) || one.spare?.includes(`${verbs} ${resources}`)
  const atoms = all.filter((atom) => !isSpare(atom))
  expect(atoms.length, one.line).toBeGreaterThan(0)
  const attempt = async (given: Atom[]) => run(one, await withRights(`sa-${accounts++}`, rightsOf(given)))
  // The lesser rights first: they change nothing, so that the command still has all its work to do at the end.
  const verbsOf = ({ rule }: Atom) => `${rule.verbs} ${rule.resources} ${rule.resourceNames ?? ''}`
  for (const missing of atoms) {
    const complaint = await attempt(atoms.filter((atom) => atom !== missing))
    expect(complaint, `${one.line} without ${verbsOf(missing)}`).toMatch(one.isMute ? /./ : /forbidden/i)
    if (!/forbidden/i.test(complaint)) continue
    // What kubectl then says is understood, and names what is missing. NB: a refused watch is tried again as a list.
    const { asks } = parseForbidden(complaint)
    const wanted = missing.rule.verbs.includes('watch') ? { ...missing.rule, verbs: ['watch', 'list'] } : missing.rule
    expect(
      asks.some((ask) => allows([wanted], { ...ask, namespace })),
      `${one.line} without ${verbsOf(missing)}: ${complaint}`,
    ).toBe(true)
  }
  expect(await attempt(atoms), `${one.line} with ${atoms.map(verbsOf).join(', ')}`).toBe('')
}

test.concurrent.each(
  kubectlCases.map((one) => [`${one.line}${one.spare ? ` (no ${one.spare} needed)` : ''}`, one] as const),
)('%s', { timeout: 60_000 }, async (_, one) => prove({ ...one, line: one.line.replace('NODE', node) }))

test('the built-in table says what the API server says', async () => {
  const lines = (await kubectl(['api-resources', '--no-headers'])).trim().split('\n')
  const served = lines.map((line) => {
    const columns = line.trim().split(/\s+/)
    const [apiVersion = '', namespaced, kind = ''] = columns.slice(-3)
    const group = apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : ''
    const [resource = '', ...shortNames] = columns.slice(0, -3).join(',').split(',')
    return { group, resource, kind, shortNames, namespaced: namespaced === 'true' }
  })
  const byKey = new Map(knownResources.map((known) => [`${known.resource}.${known.group}`, known]))
  expect(served.length).toBeGreaterThan(60)
  for (const one of served) expect(byKey.get(`${one.resource}.${one.group}`), one.resource).toEqual(one)
})
