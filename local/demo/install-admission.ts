import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type Cluster, kubectlAsAdmin } from '#local/parts/kubectl'
import { checkout } from '#local/processes/places'

/** Installs the admission policies of a postern.yaml, as an administrator does. */
export async function installAdmission(cluster: Cluster, policyFile: string): Promise<void> {
  const command = ['cluster', 'admission', '--policy', policyFile, '--cluster', cluster.name]
  const { stdout } = await promisify(execFile)(process.execPath, [join(checkout, 'cli/postern.mjs'), ...command], {
    maxBuffer: 16 * 1024 * 1024,
  })
  await kubectlAsAdmin(cluster, ['apply', '-f', '-'], stdout)
}
