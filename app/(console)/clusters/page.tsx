import type { Metadata } from 'next'
import { ClusterSection } from '#components/cluster/cluster-section'
import { LiveRefresh } from '#components/layout/live-refresh'
import { PageHead } from '#components/layout/page-head'
import { Empty } from '#components/ui/empty'
import { requireActor } from '#lib/adapters/auth/session'
import { listClusters } from '#lib/views/list-clusters'

export const metadata: Metadata = { title: 'Clusters' }

/** Where access is given: does each cluster answer, which version is it, what may Postern do there. */
export default async function ClustersPage() {
  const clusters = await listClusters(await requireActor())
  return (
    <>
      <LiveRefresh />
      <PageHead title="Clusters">Postern holds little power in each: what it needs, and whether it has it.</PageHead>
      {clusters.length === 0 ? (
        <Empty title="No cluster is configured.">They are listed under `clusters` in postern.yaml.</Empty>
      ) : (
        clusters.map((cluster) => <ClusterSection key={cluster.name} cluster={cluster} />)
      )}
    </>
  )
}
