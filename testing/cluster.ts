import { type ClusterClient, clusterClient } from '#lib/adapters/cluster/client'
import { companyPeople } from '#local/parts/company'
import type { ConfigurationDocument } from './configuration.ts'
import { testParts } from './database.ts'

/** The tests' cluster as postern.yaml describes it. */
export function aCluster(overrides: Record<string, unknown> = {}): ConfigurationDocument['clusters'][number] {
  const { posternKubeconfig, server } = testParts().kubernetes
  return {
    ...{ name: 'prod-eu', kubeconfig: { file: posternKubeconfig }, publicServer: server, people: companyPeople() },
    ...overrides,
  }
}

/** A client with Postern's own rights in the tests' cluster. */
export const testClient = (): Promise<ClusterClient> =>
  clusterClient({ name: 'prod-eu', kubeconfig: { file: testParts().kubernetes.posternKubeconfig } })
