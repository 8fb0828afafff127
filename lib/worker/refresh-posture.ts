import { postureBasis, savePosture } from '#lib/adapters/db/clusters/posture'
import { currentPolicy } from '#lib/adapters/policy/current'
import { contentHash } from '#lib/core/access/content-hash'
import type { ClusterRights } from '#lib/core/rbac/cluster-rights'
import { type AssessedRoles, judgePosture } from '#lib/core/rbac/posture/judge'
import { workerActor } from './work.ts'

/** The roles of each cluster that this process has assessed. */
const assessed = new Map<string, { risks: string; roles: AssessedRoles }>()

/** Judges the standing access of a cluster, if its rights or the risks of the policy have changed. */
export async function refreshPosture(cluster: string, rights: ClusterRights, rightsHash: string): Promise<void> {
  const configuredRisks = currentPolicy().configuration.risks
  const risks = contentHash(configuredRisks)
  const basis = contentHash([rightsHash, risks])
  if ((await postureBasis(cluster)) === basis) return
  const known = assessed.get(cluster)
  const roles: AssessedRoles = known?.risks === risks ? known.roles : new Map()
  assessed.set(cluster, { risks, roles })
  await savePosture(workerActor(), cluster, basis, judgePosture(rights, configuredRisks, roles))
}
