import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { closeClusters } from '#lib/adapters/cluster/client'
import { db } from '#lib/adapters/db/client'
import { releaseGrant } from '#lib/operations/release-grant'
import { aConfiguration, anEntitlement, anEntitlementDocument } from '#testing/configuration'
import { testDatabase, testParts } from '#testing/database'
import { anApprovedRequest, grantReaches, grantRow, objectsInCluster } from '#testing/grants'
import { asActor } from '#testing/people'
import { testPolicy } from '#testing/policy'
import { startProxy } from '#testing/proxy'
import { aGrant } from '#testing/requests'
import { until } from '#testing/until'
import { startWorker } from './start.ts'

const { kubernetes } = testParts()
const database = await testDatabase()
const scratch = mkdtempSync(join(tmpdir(), 'postern-faults-'))
const proxy = await startProxy({ host: '127.0.0.1', port: Number(new URL(kubernetes.server).port) })
const publicUrl = `https://postern-${randomBytes(6).toString('hex')}.example.com`

/** The same kubeconfig, through the proxy. */
function throughProxy(): string {
  const text = readFileSync(kubernetes.posternKubeconfig, 'utf8')
  const file = join(scratch, 'proxied.kubeconfig')
  writeFileSync(file, text.replaceAll(kubernetes.server, `https://127.0.0.1:${proxy.port}`), { mode: 0o600 })
  return file
}
const cluster = (name: string, file: string) => ({ name, kubeconfig: { file }, publicServer: kubernetes.server })
const direct = aConfiguration({
  publicUrl,
  clusters: [cluster('prod-eu', kubernetes.posternKubeconfig)],
  entitlements: [anEntitlementDocument()],
})
const proxied = { ...direct, clusters: [cluster('prod-eu', throughProxy())] }
const policy = await testPolicy(direct)

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
  await policy.stop()
  await database.drop()
  rmSync(scratch, { recursive: true, force: true })
})

const countOf = (type: string, grantId: string) => db().auditEvent.count({ where: { type, grantId } })
const several = async (count: number) => {
  const grants = []
  for (let i = 0; i < count; i++) grants.push(await aGrant({ request: (await anApprovedRequest()).request }))
  return grants
}

describe('a cluster in trouble', () => {
  it('that is away while access should begin and end: both happen once it is back, and meanwhile the grant says why', async () => {
    await policy.change(proxied)
    await proxy.cut()
    start()
    const { holder, request } = await anApprovedRequest()
    const grant = await aGrant({ request })
    await until('the failure is told', async () => Boolean((await grantRow(grant.id)).lastError))
    expect(await grantRow(grant.id)).toMatchObject({
      status: 'pending',
      lastError: expect.stringContaining('ECONNREFUSED'),
    })
    await proxy.mend()
    expect(await grantReaches(grant.id, 'active', 45_000)).toMatchObject({ lastError: null, attempts: 0 })

    await proxy.cut()
    await releaseGrant(asActor(holder), grant.id)
    await until('the failure is told', async () => Boolean((await grantRow(grant.id)).lastError))
    expect((await grantRow(grant.id)).status).toBe('ending')
    await proxy.mend()
    expect(await grantReaches(grant.id, 'ended', 45_000)).toMatchObject({ lastError: null, endedBy: 'release' })
    expect(await objectsInCluster(grant.id)).toEqual([])
  }, 120_000)

  it('that hangs holds up nobody else, and its calls end after ten seconds', async () => {
    proxy.freeze()
    await policy.change({
      ...direct,
      clusters: [...direct.clusters, cluster('frozen', throughProxy())],
      entitlements: [...direct.entitlements, anEntitlementDocument({ name: 'frozen-restart', clusters: ['frozen'] })],
    })
    start()
    const entitlement = anEntitlement({ name: 'frozen-restart', clusters: ['frozen'] })
    const hanging: string[] = []
    for (let i = 0; i < 20; i++) {
      const { request } = await anApprovedRequest({ entitlement, cluster: 'frozen' })
      hanging.push((await aGrant({ request })).id)
    }
    for (const { id } of await several(5)) {
      const { createdAt, activatedAt } = await grantReaches(id, 'active')
      // Sooner than the first of the hanging calls can have ended.
      expect((activatedAt?.getTime() ?? 0) - createdAt.getTime()).toBeLessThan(10_000)
    }
    await until('the failure is told', async () => Boolean((await grantRow(hanging[0] ?? '')).lastError), 25_000)
    expect((await grantRow(hanging[0] ?? '')).lastError).toContain('did not respond within 10 seconds')
  }, 90_000)
})

describe('several workers', () => {
  it('make each grant once', async () => {
    await policy.change(direct)
    start()
    start()
    start()
    const grants = await several(24)
    for (const { id } of grants) {
      await grantReaches(id, 'active')
      for (const type of ['grant.intent-recorded', 'grant.active']) expect(await countOf(type, id), type).toBe(1)
      expect(await countOf('grant.object-created', id)).toBe(3)
    }
  }, 60_000)

  it('give back what they hold when they stop', async () => {
    await policy.change(direct)
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
  }, 60_000)
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
    await until('the worker has come this far', isTime, 30_000)
    child.kill('SIGKILL')
    await exited
    children.delete(child)
  }

  it('at any moment leaves nothing behind: every grant is made once and wholly, or ended wholly', async () => {
    await policy.change(direct)
    const grants = await several(10)
    const events = (type: string) =>
      db().auditEvent.count({ where: { type, grantId: { in: grants.map(({ id }) => id) } } })
    // Whoever held a lease is dead: it need not be waited for.
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
          where: { id: { in: grants.map(({ id }) => id) }, status: { in: ['pending', 'ending'] } },
        })) === 0,
      40_000,
    )
    for (const { id } of grants) {
      const { status, objects } = await grantRow(id)
      expect((await objectsInCluster(id)).length, `${id} is ${status}`).toBe(status === 'active' ? 3 : 0)
      expect(objects.every(({ uid, removedAt }) => (status === 'active' ? uid && !removedAt : removedAt))).toBe(true)
      for (const type of ['grant.intent-recorded', 'grant.active']) expect(await countOf(type, id), type).toBe(1)
      expect(await countOf('grant.ended', id)).toBe(status === 'ended' ? 1 : 0)
    }
    expect(await events('grant.ended')).toBeGreaterThan(0)
  }, 180_000)
})
