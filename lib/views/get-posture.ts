import { readPosture } from '#lib/adapters/db/clusters/posture'
import { currentPolicy } from '#lib/adapters/policy/current'
import type { PersonActor } from '#lib/core/access/actor'
import { formatDuration } from '#lib/core/access/duration'
import { notFound } from '#lib/core/access/errors'
import { seesEverything } from '#lib/core/access/may-see'
import type { PostureResource } from '#lib/core/access/posture-finding'

/**
 * What is dangerous about the standing access in a cluster.
 * @throws AppError `not-found` for everyone but auditors and admins, and if the cluster is not configured
 */
export async function getPosture(actor: PersonActor, cluster: string): Promise<PostureResource> {
  const { clusters, posture } = currentPolicy().configuration
  if (!seesEverything(actor) || !clusters.some(({ name }) => name === cluster)) throw notFound()
  return { ...(await readPosture(cluster)), longestAcceptance: formatDuration(posture.longestAcceptance) }
}
