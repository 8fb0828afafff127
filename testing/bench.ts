import { afterAll, afterEach, beforeEach } from 'vitest'
import { stopAwaiting } from '#lib/adapters/db/grants/await-answer'
import { aConfiguration, aGuardrail, type ConfigurationDocument } from './configuration.ts'
import { type TestDatabase, testDatabase } from './database.ts'
import { type TestPolicy, testPolicy } from './policy.ts'
import { aClusterState } from './requests.ts'

export type TestBench = {
  database: TestDatabase
  policy: TestPolicy
  /** Puts the bench's configuration in force with these guardrails, until the test ends. */
  guard(...guardrails: object[]): Promise<void>
  /** Puts the bench's configuration in force with these entitlements instead of its own, until the test ends. */
  offer(...entitlements: ConfigurationDocument['entitlements']): Promise<void>
}

type BenchOptions = {
  configuration?: ConfigurationDocument
  /** What the worker last read of prod-eu; null where it has read nothing. */
  clusterState?: Parameters<typeof aClusterState>[0] | null
}

/**
 * A database of this test file's own, a configuration in force, and prod-eu as the worker last read it. Call it once per
 * file, at the top. Every test starts with the same configuration and the same cluster state; all of it is removed when
 * the file is done.
 */
export async function testBench({ configuration, clusterState = {} }: BenchOptions = {}): Promise<TestBench> {
  const document = configuration ?? aConfiguration()
  const database = await testDatabase()
  const policy = await testPolicy(document)
  const observe = async () => {
    if (clusterState) await aClusterState(clusterState)
  }
  await observe()
  beforeEach(observe)
  afterEach(policy.reset)
  afterAll(async () => {
    await stopAwaiting()
    await policy.stop()
    await database.drop()
  })
  return {
    database,
    policy,
    guard: (...guardrails) => policy.change({ ...document, guardrails: guardrails.map(aGuardrail) }),
    offer: (...entitlements) => policy.change({ ...document, entitlements }),
  }
}
