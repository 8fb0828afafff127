import { join } from 'node:path'
import { checkout } from '#local/processes/places'
import { writeKubeconfig } from './kubeconfig.ts'
import { type Cluster, kubectlAsAdmin } from './kubectl.ts'

/** Where Postern lives in a cluster, as deploy/rbac.yaml makes it. */
const serviceAccount = { namespace: 'postern-system', name: 'postern' }

/**
 * Gives Postern its place and its rights in a cluster, by applying deploy/rbac.yaml as administrator, and writes a
 * kubeconfig for Postern's own ServiceAccount into `directory`: the only way in that Postern is given. Its token lives
 * one day; each start asks for a new one. Returns the kubeconfig's path.
 */
export async function installPostern(cluster: Cluster, directory: string): Promise<string> {
  await kubectlAsAdmin(cluster, ['apply', '-f', join(checkout, 'deploy/rbac.yaml')])
  const { namespace, name } = serviceAccount
  const token = await kubectlAsAdmin(cluster, ['create', 'token', name, `--namespace=${namespace}`, '--duration=24h'])
  return writeKubeconfig(join(directory, 'postern.kubeconfig'), cluster, { token: token.trim() })
}
