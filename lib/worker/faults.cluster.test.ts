import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { closeClusters } from '#lib/adapters/cluster/client'
import { db } from '#lib/adapters/db/client'
import { slotsPerCluster } from '#lib/core/grants/slots'
import { releaseGrant } from '#lib/operations/release-grant'
import { testBench } from '#testing/bench'
import { aCluster } from '#testing/cluster'
import { aConfiguration, anEntitlement, anEntitlementDocument } from '#testing/configuration'
import { testParts } from '#testing/database'
import { eventTypesWhere } from '#testing/events'
import { anApprovedRequest, grantReaches, grantRow, objectsInCluster } from '#testing/grants'
import { asActor } from '#testing/people'
import { startProxy } from '#testing/proxy'
import { aGrant } from '#testing/requests'
import { until } from '#testing/until'
import { startWorker } from './start.ts'

const { kubernetes } = testParts()
const scratch = mkdtempSync(join(tmpdir(), 'postern-faults-'))
const proxy = await startProxy({ host: '127.0.0.1', port: Number(new URL(kubernetes.server).port) })

/** The same kubeconfig, through the proxy. */
function throughProxy(): string {
  const text = readFileSync(kubernetes.posternKubeconfig, 'utf8')
  const file = join(scratch, 'proxied.kubeconfig')
  writeFileSync(file, text.replaceAll(kubernetes.server, `https://127.0.0.1:${proxy.port}`), { mode: 0o600 })
  return file
}
const direct = aConfiguration({
  publicUrl: `https://postern-${randomBytes(6).toString('hex')}.example.com`,
  clusters: [aCluster()],
  entitlements: [anEntitlementDocument()],
})
const proxied = { kubeconfig: { file: throughProxy() } }
const { database, policy } = await testBench({ configuration: direct, clusterState: null })

const workers: Array<ReturnType<typeof startWorker>> = []
const start = () => workers.push(startWorker())
const stopAll = () => Promise.all(workers.splice(0).map((worker) => worker.stop()))
afterEach(async () => {
  await proxy.mend()
  await stopAll()
})
afterAll(async () => {
  await proxy.stop()
  await closeClusters()
  rmSync(scratch, { recursive: true, force: true })
})

const countOf = async (type: string, grantId: string) => (await eventTypesWhere({ type, grantId })).length
const several = async (count: number) => {
  const grants = []
  for (let i = 0; i < count; i++) grants.push(await aGrant({ request: (await anApprovedRequest()).request }))
  return grants
}

describe('a cluster in trouble', () => {
  test('access in an unreachable cluster begins and ends once it is back, and until then the grant says why', async () => {
    await policy.change({ ...direct, clusters: [aCluster(proxied)] })
    await proxy.cut()
    start()
    const { holder, request } = await anApprovedRequest()
    const grant = await aGrant({ request })
    await until('the grant shows the failure', async () => Boolean((await grantRow(grant.id)).lastError))
    expect(await grantRow(grant.id)).toMatchObject({
      status: 'pending',
      lastError: expect.stringContaining('ECONNREFUSED'),
    })
    await proxy.mend()
    expect(await grantReaches(grant.id, 'active')).toMatchObject({ lastError: null, attempts: 0 })

    await proxy.cut()
    await releaseGrant(asActor(holder), grant.id)
    await until('the grant shows the failure', async () => Boolean((await grantRow(grant.id)).lastError))
    expect((await grantRow(grant.id)).status).toBe('ending')
    await proxy.mend()
    expect(await grantReaches(grant.id, 'ended')).toMatchObject({ lastError: null, endedBy: 'release' })
    expect(await objectsInCluster(grant.id)).toEqual([])
  })

  test('a cluster that hangs holds up no other cluster, and calls to it end after ten seconds', async () => {
    proxy.freeze()
    await policy.change({
      ...direct,
      clusters: [...direct.clusters, aCluster({ name: 'frozen', ...proxied })],
      entitlements: [...direct.entitlements, anEntitlementDocument({ name: 'frozen-restart', clusters: ['frozen'] })],
    })
    start()
    const entitlement = anEntitlement({ name: 'frozen-restart', clusters: ['frozen'] })
    const hanging: string[] = []
    /** How many grants of the frozen cluster wait for their first call, which is as many as there are slots. */
    const waiting = () => db().grant.count({ where: { id: { in: hanging }, attempts: 0, leasedBy: { not: null } } })
    const attempts = async () =>
      (await db().grant.aggregate({ where: { id: { in: hanging } }, _sum: { attempts: true } }))._sum.attempts
    // A busy machine may need longer than the first calls hang; then more of them follow.
    await until('access begins in the other cluster while all slots of the frozen one wait', async () => {
      for (let i = 0; i < 20; i++) {
        const { request } = await anApprovedRequest({ entitlement, cluster: 'frozen' })
        hanging.push((await aGrant({ request })).id)
      }
      await until('all slots wait', async () => (await waiting()) === slotsPerCluster.begin)
      const before = await attempts()
      for (const { id } of await several(2)) await grantReaches(id, 'active')
      return (await waiting()) === slotsPerCluster.begin && (await attempts()) === before
    })
    await until(
      'the grant shows the failure',
      async () => Boolean((await grantRow(hanging[0] ?? '')).lastError),
      25_000,
    )
    expect((await grantRow(hanging[0] ?? '')).lastError).toContain('did not respond within 10 seconds')
  })
})

describe('several workers', () => {
  test('several workers create each grant exactly once', async () => {
    start()
    start()
    start()
    const grants = await several(24)
    for (const { id } of grants) {
      await grantReaches(id, 'active')
      for (const type of ['grant.intent-recorded', 'grant.active']) expect(await countOf(type, id), type).toBe(1)
      expect(await countOf('grant.object-created', id)).toBe(3)
    }
  })

  test('a worker that stops releases its leases and deregisters', async () => {
    start()
    const grants = await several(8)
    await until(
      'work has begun',
      async () => (await db().grantObject.count({ where: { grantId: { in: grants.map(({ id }) => id) } } })) > 0,
    )
    await stopAll()
    const held = await db().grant.count({ where: { leasedBy: { not: null } } })
    expect(held).toBe(0)
    expect(await db().worker.count()).toBe(0)
    start()
    for (const { id } of grants) await grantReaches(id, 'active')
  })
})

describe('promise 8: a worker that is killed', () => {
  const children = new Set<ChildProcess>()
  afterAll(() => {
    for (const child of children) child.kill('SIGKILL')
  })

  async function runWorkerUntil(isTime: () => Promise<boolean>) {
    const script = join(import.meta.dirname, '../../testing/worker-process.ts')
    const child = spawn(process.execPath, ['--conditions=react-server', script], {
      stdio: 'ignore',
      env: { ...process.env, POSTERN_ROLE: 'worker' },
    })
    children.add(child)
    const exited = once(child, 'exit')
    await until('the worker has come this far', isTime)
    child.kill('SIGKILL')
    await exited
    children.delete(child)
  }

  test('a worker that is killed at any moment leaves every grant created once and wholly, or ended wholly', async () => {
    const grants = await several(10)
    const events = (type: string) =>
      db().auditEvent.count({ where: { type, grantId: { in: grants.map(({ id }) => id) } } })
    // The killed worker's leases expire now instead of in half a minute.
    const backdate = () => database.asApp(`UPDATE grants SET lease_until = now() WHERE lease_until IS NOT NULL`)
    for (const [type, count] of [
      ['grant.intent-recorded', 1],
      ['grant.active', 4],
    ] as const) {
      await runWorkerUntil(async () => (await events(type)) >= count)
      await backdate()
    }
    await db().$executeRaw`UPDATE grants SET expires_at = now(), next_attempt_at = now() WHERE status = 'active'`
    for (const [type, count] of [
      ['grant.ending', 1],
      ['grant.ended', 1],
    ] as const) {
      await runWorkerUntil(async () => (await events(type)) >= count)
      await backdate()
    }
    start()
    await until(
      'nothing is left to do at once',
      async () =>
        (await db().grant.count({
          where: {
            id: { in: grants.map(({ id }) => id) },
            OR: [{ status: { in: ['pending', 'ending'] } }, { status: 'active', expiresAt: { lte: new Date() } }],
          },
        })) === 0,
    )
    for (const { id } of grants) {
      const { status, objects } = await grantRow(id)
      expect((await objectsInCluster(id)).length, `${id} is ${status}`).toBe(status === 'active' ? 3 : 0)
      const isInOrder = (one: (typeof objects)[number]) =>
        status === 'active' ? one.uid !== null && one.removedAt === null : one.removedAt !== null
      expect(objects.filter((one) => !isInOrder(one))).toEqual([])
      for (const type of ['grant.intent-recorded', 'grant.active']) expect(await countOf(type, id), type).toBe(1)
      expect(await countOf('grant.ended', id)).toBe(status === 'ended' ? 1 : 0)
    }
    expect(await events('grant.ended')).toBeGreaterThan(0)
  }, 180_000)
})
