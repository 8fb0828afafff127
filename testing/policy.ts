import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { startPolicy } from '#lib/adapters/policy/current'
import { aConfiguration, type ConfigurationDocument } from './configuration.ts'

export type TestPolicy = {
  /** The file that is in force. */
  file: string
  /** Puts another configuration in force at once. */
  change(document: ConfigurationDocument): Promise<void>
  /** Puts the first configuration back in force, if another one is. */
  reset(): Promise<void>
  stop(): Promise<void>
}

/**
 * Puts a configuration in force for this test file, as a real `postern.yaml` that is loaded as in production, and names
 * it in POSTERN_CONFIG. A change is a new file in place of the old one, so that no test waits for a file watcher.
 */
export async function testPolicy(document: ConfigurationDocument = aConfiguration()): Promise<TestPolicy> {
  const directory = mkdtempSync(join(tmpdir(), 'postern-policy-'))
  let version = 0
  let inForce: ConfigurationDocument | undefined
  let running: { stop(): Promise<void> } | undefined
  const policy: TestPolicy = {
    file: '',
    change: async (next) => {
      version += 1
      policy.file = join(directory, `postern-${version}.yaml`)
      writeFileSync(policy.file, stringify(next))
      process.env.POSTERN_CONFIG = policy.file
      running = await startPolicy(policy.file)
      inForce = next
    },
    reset: async () => {
      if (inForce !== document) await policy.change(document)
    },
    stop: async () => {
      await running?.stop()
      rmSync(directory, { recursive: true, force: true })
    },
  }
  await policy.change(document)
  return policy
}
