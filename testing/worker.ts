import { randomBytes } from 'node:crypto'
import { afterAll, afterEach, beforeAll } from 'vitest'
import { closeClusters } from '#lib/adapters/cluster/client'
import { db } from '#lib/adapters/db/client'
import { currentPolicy } from '#lib/adapters/policy/current'
import { startWorker } from '#lib/worker/start'
import { sweepCluster } from '#lib/worker/sweep'
import { type TestBench, testBench } from './bench.ts'
import { aCluster } from './cluster.ts'
import { aConfiguration, anEntitlementDocument, type ConfigurationDocument } from './configuration.ts'
import { until } from './until.ts'

export type WorkerBench = TestBench & {
  configuration: ConfigurationDocument
  publicUrl: string
  /** Starts the worker, unless it runs. */
  start(): void
  stop(): Promise<void>
  /** Sweeps prod-eu in this process. Returns how many objects were removed. */
  sweep(): Promise<number>
}

/**
 * A test bench with a worker on the real cluster, which runs at the start of every test. Each bench is a Postern of its
 * own by its public URL, so that its sweep leaves alone what other test files create in the same cluster. The cluster
 * `away` can't be reached.
 * @param options.isStopped the first test starts the worker
 */
export async function workerBench({
  isStopped = false,
  notifications,
  audit,
  webhookAuthentication,
}: {
  isStopped?: boolean
  notifications?: ConfigurationDocument['notifications']
  /** How the cluster sends its audit events. */
  audit?: { tokenFile: string }
  /** Postern as the token webhook of the cluster. */
  webhookAuthentication?: { tokenFile: string; cacheTtl: string }
} = {}): Promise<WorkerBench> {
  const publicUrl = `https://postern-${randomBytes(6).toString('hex')}.example.com`
  const configuration = aConfiguration({
    publicUrl,
    ...(notifications && { notifications }),
    clusters: [
      aCluster({ ...(audit && { audit }), ...(webhookAuthentication && { webhookAuthentication }) }),
      { name: 'away', kubeconfig: { file: '/nonexistent/kubeconfig' }, publicServer: 'https://away.example.com' },
    ],
    entitlements: [
      anEntitlementDocument(),
      anEntitlementDocument({ name: 'away-restart', clusters: ['away'] }),
      anEntitlementDocument({ name: 'look-around', clusterRole: 'view', approvals: [] }),
    ],
  })
  const bench = await testBench({ configuration, clusterState: null })
  let worker: ReturnType<typeof startWorker> | undefined
  const start = () => {
    worker ??= startWorker()
  }
  const stop = async () => {
    await worker?.stop()
    worker = undefined
  }
  const isRegistered = () =>
    db()
      .worker.count()
      .then(
        (count) => count > 0,
        () => false,
      )
  if (!isStopped) {
    beforeAll(async () => {
      start()
      await until('the worker has registered', isRegistered)
    })
  }
  afterEach(start)
  afterAll(async () => {
    await stop()
    await closeClusters()
  })
  const sweep = () => sweepCluster(currentPolicy().configuration, 'prod-eu', 0)
  return { ...bench, configuration, publicUrl, start, stop, sweep }
}
