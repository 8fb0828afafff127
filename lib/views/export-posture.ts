import { readOpenFindings, readPosture } from '#lib/adapters/db/clusters/posture'
import { currentPolicy } from '#lib/adapters/policy/current'
import type { PersonActor } from '#lib/core/access/actor'
import { notFound } from '#lib/core/access/errors'
import { seesEverything } from '#lib/core/access/may-see'
import type { PostureFormat } from '#lib/core/access/posture-export'
import { policyReportsOf, sarifOf } from '#lib/core/rbac/posture/reports'

/**
 * All open findings of a cluster, those that are set aside too, as a file.
 * @throws AppError `not-found` for everyone but auditors and admins, and if the cluster is not configured
 */
export async function* exportPosture(
  actor: PersonActor,
  cluster: string,
  format: PostureFormat,
): AsyncGenerator<string> {
  const isConfigured = currentPolicy().configuration.clusters.some(({ name }) => name === cluster)
  if (!seesEverything(actor) || !isConfigured) throw notFound()
  const [posture, findings] = await Promise.all([readPosture(cluster), readOpenFindings(cluster)])
  const write = format === 'sarif' ? sarifOf : policyReportsOf
  yield write({ ...posture, findings })
}
