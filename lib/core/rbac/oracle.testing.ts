// For tests: the API server as the oracle of what RBAC allows and of what it refuses to grant. Plain HTTPS, so that no
// client library has an influence.
import { readFileSync } from 'node:fs'
import { Agent, request } from 'node:https'
import { parse } from 'yaml'
import type { Rule } from '#lib/core/access/rule'
import { startTestParts } from '#local/parts/parts'
import type { Attributes } from './attributes.ts'

export type Answer = { status: number; body: { [key: string]: unknown; message?: string } }

export type Impersonated = { user: string; groups: readonly string[] }

export type Oracle = {
  /** @param as the user to impersonate; without it the administrator calls */
  call(method: string, path: string, body?: unknown, as?: Impersonated): Promise<Answer>
  close(): void
}

const timeoutMs = 20_000

/** The administrator's client certificate from the kubeconfig of the test parts. */
function credentialsOf(kubeconfig: string): { cert: Buffer; key: Buffer } {
  const [user] = parse(readFileSync(kubeconfig, 'utf8')).users
  return { cert: readFileSync(user.user['client-certificate']), key: readFileSync(user.user['client-key']) }
}

export async function openOracle(): Promise<Oracle> {
  const { kubernetes } = await startTestParts()
  const agent = new Agent({
    keepAlive: true,
    maxSockets: 16,
    ca: readFileSync(kubernetes.caFile),
    ...credentialsOf(kubernetes.adminKubeconfig),
  })
  const call = (method: string, path: string, body?: unknown, as?: Impersonated) =>
    new Promise<Answer>((resolve, reject) => {
      const headers = {
        'content-type': method === 'PATCH' ? 'application/merge-patch+json' : 'application/json',
        ...(as ? { 'impersonate-user': as.user } : {}),
        ...(as?.groups.length ? { 'impersonate-group': [...as.groups] } : {}),
      }
      const sent = request(
        new URL(path, kubernetes.server),
        { method, agent, headers, timeout: timeoutMs },
        (response) => {
          const chunks: Buffer[] = []
          response.on('data', (chunk: Buffer) => chunks.push(chunk))
          response.on('error', reject)
          response.on('end', () => {
            const text = Buffer.concat(chunks).toString()
            resolve({
              status: response.statusCode ?? 0,
              body: text.startsWith('{') ? JSON.parse(text) : { message: text },
            })
          })
        },
      )
      sent.on('timeout', () => sent.destroy(new Error(`${method} ${path}: no response within ${timeoutMs} ms`)))
      sent.on('error', reject)
      sent.end(body === undefined ? undefined : JSON.stringify(body))
    })
  return { call, close: () => agent.destroy() }
}

/** Returns the body of a successful response; throws with the server's message otherwise. */
export async function must(answer: Promise<Answer>): Promise<Answer['body']> {
  const { status, body } = await answer
  if (status >= 300) throw new Error(`${status}: ${body.message}`)
  return body
}

const rbac = (namespace: string, kind: string) => `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}/${kind}`

export const roleManifest = (name: string, rules: readonly Rule[]) => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'Role',
  metadata: { name },
  rules,
})

/** Grants the user these rules in the namespace by a Role and a RoleBinding with the user's name. */
export async function grantRules(
  oracle: Oracle,
  namespace: string,
  user: string,
  rules: readonly Rule[],
): Promise<void> {
  await must(oracle.call('POST', rbac(namespace, 'roles'), roleManifest(user, rules)))
  await must(
    oracle.call('POST', rbac(namespace, 'rolebindings'), {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name: user },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: user },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: user }],
    }),
  )
}

/** The decision of the server's authorizers for this user. */
export async function isAllowed(oracle: Oracle, user: string, attributes: Attributes): Promise<boolean> {
  const review = await must(
    oracle.call('POST', '/apis/authorization.k8s.io/v1/subjectaccessreviews', {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      spec: { user, resourceAttributes: attributes },
    }),
  )
  return (review.status as { allowed: boolean }).allowed
}

const sentinelRules = [{ apiGroups: ['sentinel'], resources: ['sentinels'], verbs: ['see'] }]

async function untilAllowed(oracle: Oracle, user: string, namespace: string): Promise<void> {
  const question = { namespace, verb: 'see', group: 'sentinel', resource: 'sentinels', subresource: '', name: '' }
  const deadline = Date.now() + 20_000
  while (!(await isAllowed(oracle, user, question))) {
    if (Date.now() > deadline) throw new Error('the authorizers did not apply the new objects in time')
  }
}

/**
 * Waits until the server's authorizers apply all Roles and RoleBindings written so far. They read from a cache that is
 * updated a little later, in order for each kind, so once they apply the last object they apply all earlier ones.
 */
export async function untilApplied(oracle: Oracle, namespace: string, sentinel: string): Promise<void> {
  await grantRules(oracle, namespace, sentinel, sentinelRules)
  await untilAllowed(oracle, sentinel, namespace)
}

/** The same for ClusterRoles and ClusterRoleBindings. Deletes its own objects afterwards. */
export async function untilAppliedInCluster(oracle: Oracle, sentinel: string): Promise<void> {
  const path = '/apis/rbac.authorization.k8s.io/v1'
  const apiGroup = 'rbac.authorization.k8s.io'
  const metadata = { name: sentinel }
  await must(oracle.call('POST', `${path}/clusterroles`, { metadata, rules: sentinelRules }))
  const roleRef = { apiGroup, kind: 'ClusterRole', name: sentinel }
  const subjects = [{ apiGroup, kind: 'User', name: sentinel }]
  await must(oracle.call('POST', `${path}/clusterrolebindings`, { metadata, roleRef, subjects }))
  await untilAllowed(oracle, sentinel, '')
  for (const kind of ['clusterrolebindings', 'clusterroles'])
    await must(oracle.call('DELETE', `${path}/${kind}/${sentinel}`))
}

/** A list in the server's short form of a rule: `Verbs:["get" "list"]`, with Go's quotes. */
function listIn(text: string, field: string): string[] {
  const inside = new RegExp(`\\b${field}:\\[((?:"(?:[^"\\\\]|\\\\.)*" ?)*)\\]`).exec(text)?.[1] ?? ''
  return [...inside.matchAll(/"(?:[^"\\]|\\.)*"/g)].map(([quoted]) => JSON.parse(quoted))
}

/** The rules that the user does not hold, according to the server's refusal to let the user grant them. */
export function notHeld(message: string): Rule[] {
  const [, list] = message.split('is attempting to grant RBAC permissions not currently held:\n')
  if (list === undefined) throw new Error(`unexpected refusal: ${message}`)
  return list
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => {
      const resourceNames = listIn(line, 'ResourceNames')
      return {
        apiGroups: listIn(line, 'APIGroups'),
        resources: listIn(line, 'Resources'),
        verbs: listIn(line, 'Verbs'),
        ...(resourceNames.length ? { resourceNames } : {}),
      }
    })
}

/** Creates a Role with these rules as this user, by a dry run. Returns the refused rules; null where it was accepted. */
export async function refusalToGrant(
  oracle: Oracle,
  namespace: string,
  user: string,
  rules: readonly Rule[],
): Promise<Rule[] | null> {
  const path = `${rbac(namespace, 'roles')}?dryRun=All`
  const { status, body } = await oracle.call('POST', path, roleManifest('requested', rules), { user, groups: [] })
  if (status === 201) return null
  if (status !== 403) throw new Error(`${status}: ${body.message}`)
  return notHeld(String(body.message))
}
