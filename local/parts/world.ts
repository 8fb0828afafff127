import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import { checkout } from '#local/processes/places'
import { type Cluster, kubectlAsAdmin } from './kubectl.ts'

/** The namespaces of the demo's company, in which Postern may grant. */
export const worldNamespaces = ['payments', 'checkout', 'search', 'observability'] as const

/** What deploy/rbac.yaml describes for each namespace in which Postern may grant. */
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
 * Makes the company's namespaces with what runs in them. Harmless when they are there already. Where nothing plays the
 * nodes (`withoutPods`) the Deployments are made with no replicas: their images do not exist.
 */
export async function makeWorld(cluster: Cluster, options: { withoutPods?: boolean } = {}): Promise<void> {
  const objects = parseAllDocuments(readFileSync(join(checkout, 'local/parts/world.yaml'), 'utf8')).map((one) =>
    one.toJS(),
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

/** Lets Postern grant in these namespaces, which must exist; deploy/rbac.yaml must have been applied. */
export async function allowPosternIn(cluster: Cluster, namespaces: readonly string[]): Promise<void> {
  const list = { apiVersion: 'v1', kind: 'List', items: namespaces.map(granterBinding) }
  await kubectlAsAdmin(cluster, ['apply', '-f', '-'], JSON.stringify(list))
}
