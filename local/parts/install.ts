import { join } from 'node:path'
import { checkout } from '#local/processes/places'
import { writeKubeconfig } from './kubeconfig.ts'
import { type Cluster, kubectlAsAdmin } from './kubectl.ts'

/** Postern's ServiceAccount, which deploy/rbac.yaml creates. */
const serviceAccount = { namespace: 'postern-system', name: 'postern' }

/**
 * Applies deploy/rbac.yaml as administrator and writes a kubeconfig for Postern's ServiceAccount into `directory`: the
 * only credential that Postern gets. Its token expires after a day; each start requests a new one. Returns the
 * kubeconfig's path.
 */
export async function installPostern(cluster: Cluster, directory: string): Promise<string> {
  await kubectlAsAdmin(cluster, ['apply', '-f', join(checkout, 'deploy/rbac.yaml')])
  const { namespace, name } = serviceAccount
  const token = await kubectlAsAdmin(cluster, ['create', 'token', name, `--namespace=${namespace}`, '--duration=24h'])
  return writeKubeconfig(join(directory, 'postern.kubeconfig'), cluster, { token: token.trim() })
}
