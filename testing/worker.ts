import { randomBytes } from 'node:crypto'
import { closeClusters } from '#lib/adapters/cluster/client'
import { db } from '#lib/adapters/db/client'
import { stopAwaiting } from '#lib/adapters/db/grants/await-answer'
import { startWorker } from '#lib/worker/start'
import { aConfiguration, anEntitlementDocument, type ConfigurationDocument } from './configuration.ts'
import { type TestDatabase, testDatabase, testParts } from './database.ts'
import { testPolicy } from './policy.ts'
import { until } from './until.ts'

export type TestWorker = {
  database: TestDatabase
  publicUrl: string
  /** Puts these guardrails in force, at once, beside what is configured otherwise. */
  guard(guardrails: ConfigurationDocument['guardrails']): Promise<void>
  /** Puts these entitlements in force, at once, instead of those it began with; without any, those again. */
  offer(entitlements?: ConfigurationDocument['entitlements']): Promise<void>
  start(): void
  /** Starts the worker, and waits until it has said to the database that it is there. */
  startFirst(): Promise<void>
  stop(): Promise<void>
  /** Stops everything and removes the database. */
  end(): Promise<void>
}

/**
 * A database, a configuration in force and a worker on the real cluster, not started yet. Each is a Postern of its own by
 * its public address, so that its sweep leaves alone what other test files make in the same cluster. The cluster `away`
 * cannot be reached.
 */
export async function testWorker(): Promise<TestWorker> {
  const { kubernetes } = testParts()
  const database = await testDatabase()
  const publicUrl = `https://postern-${randomBytes(6).toString('hex')}.example.com`
  const document = aConfiguration({
    publicUrl,
    clusters: [
      {
        ...{ name: 'prod-eu', kubeconfig: { file: kubernetes.posternKubeconfig }, publicServer: kubernetes.server },
        people: { username: 'email', usernamePrefix: 'oidc:', groupsPrefix: 'oidc:' },
      },
      { name: 'away', kubeconfig: { file: '/nonexistent/kubeconfig' }, publicServer: 'https://away.example.com' },
    ],
    entitlements: [
      anEntitlementDocument(),
      anEntitlementDocument({ name: 'away-restart', clusters: ['away'] }),
      anEntitlementDocument({ name: 'look-around', rules: undefined, clusterRole: 'view', approvals: [] }),
    ],
  })
  const policy = await testPolicy(document)
  let worker: ReturnType<typeof startWorker> | undefined
  const stop = async () => {
    await worker?.stop()
    worker = undefined
  }
  const start = () => {
    worker ??= startWorker()
  }
  const isThere = () =>
    db()
      .worker.count()
      .then(
        (count) => count > 0,
        () => false,
      )
  return {
    database,
    publicUrl,
    guard: (guardrails) => policy.change({ ...document, guardrails }),
    offer: (entitlements = document.entitlements) => policy.change({ ...document, entitlements }),
    start,
    startFirst: async () => {
      start()
      await until('the worker is there', isThere, 30_000)
    },
    stop,
    end: async () => {
      await stop()
      await stopAwaiting()
      await closeClusters()
      await policy.stop()
      await database.drop()
    },
  }
}
