import type { Metadata } from 'next'
import { ClusterSection } from '#components/cluster/cluster-section'
import { LiveRefresh } from '#components/layout/live-refresh'
import { PageHead } from '#components/layout/page-head'
import { Empty } from '#components/ui/empty'
import { requireActor } from '#lib/adapters/auth/session'
import { listClusters } from '#lib/views/list-clusters'

export const metadata: Metadata = { title: 'Clusters' }

/** The configured clusters: whether each is reachable, its version, and Postern's own permissions there. */
export default async function ClustersPage() {
  const clusters = await listClusters(await requireActor())
  return (
    <>
      <LiveRefresh renderedAt={Date.now()} />
      <PageHead title="Clusters">The clusters Postern grants access to, and the permissions it has in each.</PageHead>
      {clusters.length === 0 ? (
        <Empty title="No clusters are configured.">Add them under `clusters` in postern.yaml.</Empty>
      ) : (
        clusters.map((cluster) => <ClusterSection key={cluster.name} cluster={cluster} />)
      )}
    </>
  )
}
