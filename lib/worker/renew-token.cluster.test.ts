// Renews Postern's own token with a real API server. Its shortest token lives for ten minutes: the time at which one is due for
// renewal is given, and no test waits for it.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { closeClusters } from '#lib/adapters/cluster/client'
import { callWithToken, configuredToken, tokenInUse } from '#lib/adapters/cluster/own-token'
import { db } from '#lib/adapters/db/client'
import { claimClusterRead } from '#lib/adapters/db/clusters/save-cluster-state'
import { currentPolicy } from '#lib/adapters/policy/current'
import { metricsText } from '#lib/api/metrics'
import { listClusters } from '#lib/views/list-clusters'
import { writeKubeconfig } from '#local/parts/kubeconfig'
import { testBench } from '#testing/bench'
import { aCluster } from '#testing/cluster'
import { aConfiguration } from '#testing/configuration'
import { testParts } from '#testing/database'
import { kubectl } from '#testing/kubectl'
import { aPerson, asActor } from '#testing/people'
import { until } from '#testing/until'
import { clientFor } from './clusters.ts'
import { renewOwnToken } from './renew-token.ts'
import { startWorker } from './start.ts'

const folder = mkdtempSync(join(tmpdir(), 'postern-token-'))
const file = join(folder, 'prod-eu.kubeconfig')
const { database } = await testBench({
  configuration: aConfiguration({ clusters: [aCluster({ kubeconfig: { file } })] }),
  clusterState: null,
})
afterAll(async () => {
  await closeClusters()
  rmSync(folder, { recursive: true })
})

const namespace = 'postern-system'
const weak = `no-renewal-${Math.random().toString(36).slice(2, 8)}`
beforeAll(async () => void (await kubectl(['create', 'serviceaccount', weak, '-n', namespace])))
afterAll(async () => void (await kubectl(['delete', 'serviceaccount', weak, '-n', namespace])))

/** A kubeconfig as `postern cluster add` writes it, with the shortest token that there is. */
async function configure(account = 'postern') {
  const token = (await kubectl(['create', 'token', account, '-n', namespace, '--duration=600s'])).trim()
  const { server, caFile } = testParts().kubernetes
  writeKubeconfig(file, { name: 'prod-eu', server, caFile }, { token })
  const own = configuredToken(aCluster({ kubeconfig: { file } }) as Parameters<typeof configuredToken>[0])
  if (!own) throw new Error('kubectl created no token that expires')
  return own
}
let configured: Awaited<ReturnType<typeof configure>>
beforeEach(async () => {
  await database.asOwner('DELETE FROM cluster_tokens')
  configured = await configure()
  callWithToken('prod-eu', configured, configured)
})

const renew = (minutes = 0) =>
  renewOwnToken(currentPolicy().configuration, 'prod-eu', new Date(Date.now() + minutes * 60_000))
const stored = () => db().clusterToken.findUniqueOrThrow({ where: { cluster: 'prod-eu' } })
const inUse = () => tokenInUse('prod-eu', configured.token)
/** The id of the token that the API server sees, and the account. */
async function callerNow() {
  const client = await clientFor(currentPolicy().configuration, 'prod-eu')
  const { status } = await client.authentication.createSelfSubjectReview({ body: {} })
  return {
    name: status?.userInfo?.username,
    id: status?.userInfo?.extra?.['authentication.kubernetes.io/credential-id']?.[0],
  }
}
const idOf = (token = '') => `JTI=${JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()).jti}`
const anotherWorker = () => callWithToken('prod-eu', configured, configured)

test('a token is renewed once half of its life is over, and the next call of the cluster has the new one', async () => {
  await renew()
  await renew(4)
  expect(inUse()).toBeNull()
  expect(await stored()).toMatchObject({ sealed: null, expiresAt: configured.expiresAt, renewedAt: null })
  expect((await callerNow()).id).toBe(idOf(configured.token))
  await renew(6)
  const next = inUse()
  expect(next?.token).not.toBe(configured.token)
  expect(next?.account).toEqual(configured.account)
  expect(await callerNow()).toEqual({ name: 'system:serviceaccount:postern-system:postern', id: idOf(next?.token) })
  expect(await stored()).toMatchObject({ expiresAt: next?.expiresAt, renewedAt: expect.any(Date), error: null })
  await renew(1)
  expect(inUse()).toEqual(next)
})

test('another worker, and the next process, use the renewed token, which is in the database only as a cipher text', async () => {
  await renew()
  await renew(6)
  const next = inUse()
  anotherWorker()
  await renew()
  expect(inUse()).toEqual(next)
  const rows = JSON.stringify(await database.asOwner('SELECT * FROM cluster_tokens'))
  for (const part of next?.token.split('.') ?? []) expect(rows).not.toContain(part)
  expect(rows).not.toContain(next?.token.slice(0, 30))
})

test('of several workers one renews the token', async () => {
  await renew()
  await Promise.all(Array.from({ length: 5 }, () => renew(6)))
  const { expiresAt, renewedAt } = await stored()
  expect(inUse()?.expiresAt).toEqual(expiresAt)
  await renew(9)
  expect((await stored()).renewedAt, 'and not again within a minute').toEqual(renewedAt)
})

test('a changed kubeconfig counts at once, and what was renewed with the earlier one is not used', async () => {
  await renew()
  await renew(6)
  const before = inUse()
  configured = await configure()
  await renew()
  expect(inUse()).toBeNull()
  expect((await callerNow()).id).toBe(idOf(configured.token))
  expect(await stored()).toMatchObject({ sealed: null, renewedAt: null })
  expect(before?.token).toBeDefined()
})

test('a token that someone else writes into the database is not used, and takes none away from a running worker', async () => {
  await renew()
  await renew(6)
  const next = inUse()
  for (const sealed of [
    'eyJhbGciOiJkaXIifQ..AAAA.AAAA.AAAA',
    (await stored()).sealed?.replace(/.{4}$/, 'AAAA') ?? '',
  ]) {
    await database.asApp('UPDATE cluster_tokens SET sealed = $1', [sealed])
    await renew()
    expect(inUse()).toEqual(next)
    await database.asApp('UPDATE cluster_tokens SET sealed = $1', [sealed])
    anotherWorker()
    await renew()
    expect(inUse(), 'the configured one').toBeNull()
    callWithToken('prod-eu', configured, next ?? configured)
  }
})

test('without the permission the configured token stays in use; Clusters and the metrics say so, and a later renewal succeeds', async () => {
  configured = await configure(weak)
  await claimClusterRead('prod-eu', 0)
  await renew()
  await renew(8)
  expect(inUse()).toBeNull()
  const auditor = asActor(await aPerson(), ['auditor'])
  const [cluster] = await listClusters(auditor)
  expect(cluster?.token).toMatchObject({
    renewedAt: null,
    error: expect.stringMatching(/refused the call \(403\).*serviceaccounts/),
  })
  expect(cluster?.token?.error).not.toContain(configured.token)
  expect((await listClusters(asActor(await aPerson())))[0]?.token).toBeNull()
  await database.asOwner(
    `UPDATE cluster_tokens SET issued_at = now() - interval '8 minutes', expires_at = now() + interval '2 minutes'`,
  )
  const text = await metricsText({ clusters: ['prod-eu'], isRefused: false })
  const [, left] = /^postern_cluster_token_life_left\{cluster="prod-eu"\} (\S+)$/m.exec(text) ?? []
  expect(Number(left)).toBeCloseTo(0.2, 1)
  configured = await configure()
  await renew()
  await database.asOwner('UPDATE cluster_tokens SET attempted_at = NULL')
  await renew(6)
  expect(inUse()).not.toBeNull()
  expect((await stored()).error).toBeNull()
})

test('a worker keeps the token without anyone calling for it, and shows the permission that renewing needs', async () => {
  const worker = startWorker()
  try {
    const auditor = asActor(await aPerson(), ['auditor'])
    const permissions = async () => (await listClusters(auditor))[0]?.permissions ?? []
    await until('the permissions are known', async () => (await permissions()).length > 0)
    expect(await permissions()).toContainEqual({
      what: 'create serviceaccounts/token postern',
      ...{ namespace, allowed: true, neededFor: 'renewing its own token before it expires' },
    })
    expect(await stored()).toMatchObject({ sealed: null, expiresAt: configured.expiresAt })
  } finally {
    await worker.stop()
  }
})
