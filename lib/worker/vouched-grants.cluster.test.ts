import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test, vi } from 'vitest'
import { db } from '#lib/adapters/db/client'
import { saveTokenReview } from '#lib/adapters/db/clusters/save-cluster-state'
import { storeTokenReviews } from '#lib/adapters/db/clusters/token-review-times'
import { signGrantToken } from '#lib/adapters/db/grants/grant-tokens'
import { currentPolicy } from '#lib/adapters/policy/current'
import { metricsText } from '#lib/api/metrics'
import { issueCredential } from '#lib/operations/issue-credential'
import { releaseGrant } from '#lib/operations/release-grant'
import { listClusters } from '#lib/views/list-clusters'
import { freePort } from '#local/processes/ports'
import { eventsWhere } from '#testing/events'
import { anActiveGrant, grantReaches, objectsInCluster } from '#testing/grants'
import { testUrl } from '#testing/identity'
import { canI, kubectl } from '#testing/kubectl'
import { credentialsFrom } from '#testing/orders'
import { ownCluster } from '#testing/own-cluster'
import { anActor, asActor } from '#testing/people'
import { until } from '#testing/until'
import { workerBench } from '#testing/worker'
import { POST } from '../../app/authenticate/[cluster]/route.ts'
import { probeTokenWebhook } from './probe-token-webhook.ts'

// A real kube-apiserver sends TokenReviews to Postern's route, with the flags of docs/token-webhook.md.

vi.setConfig({ testTimeout: 180_000 })

const directory = mkdtempSync(join(tmpdir(), 'postern-vouched-'))
afterAll(() => rmSync(directory, { recursive: true }))
const caller = randomBytes(32).toString('base64url')
const tokenFile = join(directory, 'token')
writeFileSync(tokenFile, caller)

/** Every connection is cut, as if Postern was not there. */
let isDown = false
const port = await freePort()
const server = createServer(async (incoming, outgoing) => {
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(chunk as Buffer)
  const { method = '', url, headers } = incoming
  if (isDown) return outgoing.destroy()
  const init = { method, headers: headers as Record<string, string>, body: Buffer.concat(chunks) }
  const address = new URL(`${testUrl}${url}`)
  // API servers add a query.
  const params = Promise.resolve({ cluster: address.pathname.split('/').at(-1) })
  const response = await POST(new Request(address, init), { params })
  outgoing.writeHead(response.status, { 'content-type': 'application/json' }).end(await response.text())
})
await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
afterAll(() => server.closeAllConnections())
afterAll(() => server.close())

const tokenWebhook = { url: `http://127.0.0.1:${port}/authenticate/prod-eu`, token: caller, cacheTtl: '1s' }
const { auditLog } = await ownCluster('vouched', { tokenWebhook })
const bench = await workerBench({ webhookAuthentication: { tokenFile, cacheTtl: 'PT1S' } })

/** kubectl with a kubeconfig of a credential: its output, or its error. */
async function withCredential(active: Awaited<ReturnType<typeof anActiveGrant>>) {
  const holder = asActor(active.holder)
  const issued = await issueCredential(holder, active.id)
  const kubeconfig = join(directory, `${active.id}.kubeconfig`)
  const use = (token: string, ...args: string[]) => {
    writeFileSync(kubeconfig, issued.kubeconfig.replace(issued.token, token))
    return kubectl(args, { kubeconfig }).catch((error: { stderr: string }) => error.stderr)
  }
  return { ...active, ...issued, actor: holder, as: use, use: (...args: string[]) => use(issued.token, ...args) }
}

const unauthorized = /logged in to the server|Unauthorized|provide credentials/
const user = (id: string) => `postern:grant:${id}`

test('a grant works without a ServiceAccount, and from its end the API server refuses its token', async () => {
  const { id, grant, jti, token, actor, use } = await withCredential(await anActiveGrant())
  expect(await objectsInCluster(id)).toEqual([
    expect.stringMatching(/^role\.rbac/),
    expect.stringMatching(/^rolebinding\.rbac/),
  ])
  expect(JSON.parse(await use('auth', 'whoami', '-o', 'json')).status.userInfo).toEqual({
    username: user(id),
    uid: id,
    groups: ['postern:grants', 'system:authenticated'],
    extra: { 'postern.dev/grant': [id], 'authentication.kubernetes.io/credential-id': [`JTI=${jti}`] },
  })
  expect(await use('rollout', 'restart', 'deployment/payments-api', '-n', 'payments')).toContain('restarted')
  expect(await use('get', 'secrets', '-n', 'payments')).toContain('Forbidden')
  const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
  expect(claims.exp * 1000).toBeLessThanOrEqual(grant.expiresAt?.getTime() ?? 0)
  // The log of the API server ties each call to the grant and to the credential.
  const logged = readFileSync(auditLog, 'utf8')
    .split('\n')
    .filter((line) => line.includes(user(id)))
  expect(logged.some((line) => line.includes(`JTI=${jti}`) && line.includes('"verb":"patch"'))).toBe(true)

  await releaseGrant(actor, id)
  const ended = await grantReaches(id, 'ended')
  expect(ended.deniedProbes).toMatchObject({
    results: expect.arrayContaining([expect.objectContaining({ allowed: false })]),
  })
  // Authorization is over at once; the caches of authentication hold it for a few seconds more.
  expect(await use('get', 'deployments', '-n', 'payments')).toMatch(/Forbidden|logged in/)
  expect(await canI(user(id), 'patch', 'deployments.apps')).toBe('no')
  await until('the API server refuses the token', async () => unauthorized.test(await use('auth', 'whoami')), 30_000)
  expect(await objectsInCluster(id)).toEqual([])
})

test('the API server refuses every forged, stolen or foreign token', async () => {
  const one = await withCredential(await anActiveGrant())
  const other = await anActiveGrant()
  const { publicUrl } = currentPolicy().configuration
  const [header = '', payload = '', signature] = one.token.split('.')
  const text = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url')
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString())
  const sign = async (cluster: string, grantId: string) =>
    (await signGrantToken({ publicUrl, cluster, grantId }, 600)).token
  const forged = {
    'of no one': `${header}.${payload}.${'A'.repeat(86)}`,
    'without a signature': `${text({ alg: 'none', typ: 'postern-grant+jwt' })}.${payload}.`,
    'for another grant': `${header}.${text({ ...claims, sub: user(other.id) })}.${signature}`,
    'for an administrator': `${header}.${text({ ...claims, sub: 'system:admin', groups: ['system:masters'] })}.${signature}`,
    'signed for another cluster': await sign('away', one.id),
    'signed, but never issued': await sign('prod-eu', other.id),
  }
  for (const [what, token] of Object.entries(forged))
    expect(await one.as(token, 'auth', 'whoami'), what).toMatch(unauthorized)
  expect(await one.use('auth', 'whoami')).toContain(user(one.id))
})

test('a token that was not used before is refused while Postern is not there, and one of a ServiceAccount is not', async () => {
  const { id, use, as } = await withCredential(await anActiveGrant())
  isDown = true
  try {
    expect(await use('auth', 'whoami')).not.toContain(user(id))
    await kubectl(['create', 'serviceaccount', 'robot', '-n', 'payments'])
    const robot = (await kubectl(['create', 'token', 'robot', '-n', 'payments'])).trim()
    expect(await as(robot, 'auth', 'whoami')).toContain('system:serviceaccount:payments:robot')
  } finally {
    isDown = false
  }
  await until('it is accepted again', async () => (await use('auth', 'whoami')).includes(user(id)), 60_000)
})

test('a worker finds out whether the API server accepts a token of Postern, and the page says it and when the API server asked', async () => {
  const found = async () =>
    (await listClusters(await anActor({ roles: ['admin'] }))).find(({ name }) => name === 'prod-eu')
  const probe = async () => {
    await probeTokenWebhook(currentPolicy().configuration, 'prod-eu', true)
    await storeTokenReviews(saveTokenReview)
    return (await found())?.tokenWebhook
  }
  const before = new Date().toISOString()
  const works = await probe()
  expect(works).toMatchObject({ accepted: true, problem: null, fix: null })
  expect(works?.lastReviewAt).not.toBeNull()
  expect((works?.probedAt ?? '') >= before).toBe(true)
  expect(await canI('postern:probe', 'patch', 'deployments.apps')).toBe('no')
  isDown = true
  try {
    expect(await probe()).toMatchObject({
      accepted: false,
      problem: expect.stringContaining('It refused the token (401).'),
    })
  } finally {
    isDown = false
  }
  expect(await probe()).toMatchObject({ accepted: true })
  const metrics = await metricsText()
  expect(metrics).toContain('postern_token_webhook_accepted{cluster="prod-eu"} 1\n')
  expect(metrics).toMatch(/^postern_vouched_grants\{cluster="prod-eu"\} [1-9]/m)
  expect(metrics).toMatch(/^postern_token_review_age_seconds\{cluster="prod-eu"\} \d/m)
})

test('objects that someone changed are repaired, and a binding to another user is gone', async () => {
  const { id, name } = await anActiveGrant()
  const binding = ['rolebinding', name, '-n', 'payments']
  const subjects = JSON.stringify({
    subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'mallory' }],
  })
  await kubectl(['patch', ...binding, '--type=merge', '-p', subjects])
  await bench.sweep()
  const found = async () =>
    JSON.parse(await kubectl(['get', ...binding, '-o', 'json'])).subjects.map((one: { name: string }) => one.name)
  await until('the binding is repaired', async () => `${await found().catch(() => '')}` === user(id), 60_000)
  expect(await canI('mallory', 'patch', 'deployments.apps')).toBe('no')
})

test('a worker of another process signs the token on an order, and the event has its audit ID and not the token', async () => {
  const active = await anActiveGrant()
  const issued = await credentialsFrom('a worker of another process', () => withCredential(active))
  expect(await issued.use('auth', 'whoami')).toContain(user(active.id))
  const events = await eventsWhere({ grantId: active.id, type: 'credential.issued' })
  expect(events.map(({ data }) => data)).toEqual([expect.objectContaining({ jti: issued.jti })])
  expect(JSON.stringify(events.map(({ data }) => data))).not.toContain(issued.token.split('.')[2])
  expect(await db().credential.findMany({ where: { jti: issued.jti } })).toMatchObject([{ accountUid: null }])
})

test('where Postern is no longer the token webhook of the cluster, active grants get no token and their users are no one, and new ones get a ServiceAccount', async () => {
  const { id, holder, use, kubeconfig } = await withCredential(await anActiveGrant())
  expect(kubeconfig).toContain('postern-prod-eu')
  const { clusters, ...rest } = bench.configuration
  await bench.policy.change({ ...rest, clusters: clusters.map(({ webhookAuthentication: _, ...cluster }) => cluster) })
  await expect(issueCredential(asActor(holder), id)).rejects.toThrow(/no longer accepts tokens of Postern/)
  await until('the API server refuses the token', async () => unauthorized.test(await use('auth', 'whoami')), 60_000)
  const next = await anActiveGrant()
  expect(await objectsInCluster(next.id)).toHaveLength(3)
  // What was approved for the first one stays as it is until it ends.
  await bench.sweep()
  expect(await objectsInCluster(id)).toHaveLength(2)
})
