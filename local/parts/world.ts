import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import { checkout } from '#local/processes/places'
import { type Cluster, kubectlAsAdmin } from './kubectl.ts'

/** The namespaces of the example company, in which Postern may grant access. */
export const worldNamespaces = ['payments', 'checkout', 'search', 'observability'] as const

/** The RoleBinding that deploy/rbac.yaml shows for each namespace in which Postern may grant access. */
function granterBinding(namespace: string) {
  return {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
    metadata: { name: 'postern-granter', namespace },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'postern-granter' },
    subjects: [{ kind: 'ServiceAccount', name: 'postern', namespace: 'postern-system' }],
  }
}

/**
 * Creates the company's namespaces with their workloads; does nothing when they exist. `withoutPods` is for a cluster
 * with real nodes: it creates the Deployments with no replicas, because their images do not exist.
 */
export async function createWorld(cluster: Cluster, options: { withoutPods?: boolean } = {}): Promise<void> {
  const objects = parseAllDocuments(readFileSync(join(checkout, 'local/parts/world.yaml'), 'utf8')).map((document) =>
    document.toJS(),
  )
  if (options.withoutPods) {
    for (const object of objects.filter(({ kind }) => kind === 'Deployment')) object.spec.replicas = 0
  }
  await kubectlAsAdmin(
    cluster,
    ['apply', '-f', '-'],
    JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }),
  )
}

/** Allows Postern to grant access in these existing namespaces. Needs deploy/rbac.yaml to be applied first. */
export async function allowPosternIn(cluster: Cluster, namespaces: readonly string[]): Promise<void> {
  const list = { apiVersion: 'v1', kind: 'List', items: namespaces.map(granterBinding) }
  await kubectlAsAdmin(cluster, ['apply', '-f', '-'], JSON.stringify(list))
}
