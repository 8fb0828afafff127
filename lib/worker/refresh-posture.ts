import { observedNamespaces } from '#lib/adapters/db/clusters/cluster-states'
import { postureBasis, savePosture } from '#lib/adapters/db/clusters/posture'
import { currentPolicy } from '#lib/adapters/policy/current'
import { contentHash } from '#lib/core/access/content-hash'
import { isReported } from '#lib/core/activity/reported'
import type { ClusterRights } from '#lib/core/rbac/cluster-rights'
import { type AssessedRoles, judgePosture, noRoles } from '#lib/core/rbac/posture/judge'
import { ownerLabelFindings } from '#lib/core/rbac/posture/owner-label'
import { podSecurityFindings } from '#lib/core/rbac/posture/pod-security'
import { suppressionOf } from '#lib/core/rbac/posture/suppression'
import { workerActor } from './work.ts'

/** The roles of each cluster that this process has assessed. */
const assessed = new Map<string, { risks: string; roles: AssessedRoles }>()

/** Counted up when the judgement itself changes, so that what was judged by an earlier version is judged again. */
const version = 6

/**
 * Judges the standing access of a cluster, if its rights or the policy have changed, or if an acceptance has expired.
 */
export async function refreshPosture(cluster: string, rights: ClusterRights, rightsHash: string): Promise<void> {
  const { risks: configuredRisks, entitlements, posture, ownerLabels } = currentPolicy().configuration
  const vettedRoles = entitlements
    .filter(({ clusters }) => clusters.includes(cluster))
    .flatMap(({ clusterRole }) => clusterRole ?? [])
    .sort()
  const namespaces = await observedNamespaces(cluster)
  const labels = new Map(namespaces.map(({ name, labels }) => [name, labels]))
  const selectors = posture.suppress.some(({ namespaceSelector }) => namespaceSelector)
  const weak = [...podSecurityFindings(namespaces), ...ownerLabelFindings(rights, namespaces, { cluster, ownerLabels })]
  const risks = contentHash(configuredRisks)
  const basis = contentHash([
    version,
    rightsHash,
    risks,
    vettedRoles,
    posture.suppress,
    selectors ? [...labels] : [],
    weak.map(({ key, digest }) => [key, digest]),
  ])
  if ((await postureBasis(cluster)) === basis) return
  const known = assessed.get(cluster)
  const roles: AssessedRoles = known?.risks === risks ? known.roles : noRoles()
  assessed.set(cluster, { risks, roles })
  const { findings, own, standing } = judgePosture(rights, { configuredRisks, vettedRoles, known: roles, isReported })
  const judged = [...findings, ...weak].map((one) => ({
    ...one,
    suppressed: suppressionOf(one.finding, posture.suppress, (namespace) => labels.get(namespace)),
  }))
  await savePosture(workerActor(), cluster, { basis, findings: judged, own, standing })
}
