import type { ClusterClient } from '#lib/adapters/cluster/client'
import type { CreatedObject } from '#lib/adapters/cluster/objects'
import type { Writing } from '#lib/adapters/db/grants/grant-progress'
import type { ClaimedGrant } from '#lib/adapters/db/grants/grant-queue'
import type { CurrentPolicy } from '#lib/adapters/policy/current'
import type { SystemActor } from '#lib/core/access/actor'
import { grantObjects, type Manifest } from '#lib/core/grants/manifests'
import type { Judged } from '#lib/core/grants/may-begin'
import { newReference } from '#lib/observability/reference'

/** One pass over one claimed grant. `grant` is what the database says, kept up to date by whoever writes. */
export type Work = {
  grant: ClaimedGrant
  policy: Pick<CurrentPolicy, 'configuration' | 'compiled' | 'hash'>
  /** @throws ClusterError when there is no way into the cluster */
  client(): Promise<ClusterClient>
  /** Aborted when the grant was changed by somebody else, the lease was lost, or the worker stops. */
  signal: AbortSignal
  /** The database's time. */
  clock(): Date
  writing: Writing
  /** What exists in the cluster for certain: made, or found to be exactly ours, in this pass. */
  made: CreatedObject[]
  /** Of these, what the database does not know yet. */
  unsaved: CreatedObject[]
  /** What the last judgement let pass; null before it. */
  judged: Judged | null
  /** When a window closes that access may not outlive, as it was judged; null where none does. */
  until: Date | null
}

/** How much longer than approved the annotation lets the objects stand: granting itself may take some tries. Seconds. */
const annotationSlackSeconds = 300

/** What the grant consists of. The end in the annotations is its own, or the latest that it can have. */
export function manifestsOf({ grant, policy, clock, until }: Work): Manifest[] {
  const { id, namespaces, rules, clusterRole, durationSeconds } = grant.request
  const { publicUrl } = policy.configuration
  const latest = clock().getTime() + (durationSeconds + annotationSlackSeconds) * 1000
  return grantObjects({
    grantId: grant.id,
    namespaces,
    rules,
    clusterRole,
    requester: grant.requester,
    requestUrl: new URL(`/requests/${id}`, publicUrl).href,
    expiresAt: grant.expiresAt ?? new Date(Math.min(latest, until?.getTime() ?? latest)),
  })
}

/** The worker as the actor of one pass: one reference for its log lines and events. */
export const workerActor = (): SystemActor => ({
  kind: 'system',
  component: 'Postern',
  origin: { via: 'system', clientAddress: null, reference: newReference() },
})

export function writingOf(grant: ClaimedGrant): Writing {
  const { id, cluster, request, requester } = grant
  const { namespaces, policyHash } = request
  const about = { requestId: request.id, grantId: id, personId: requester.id, cluster, namespaces, policyHash }
  const whose = { requestId: request.id, requesterId: requester.id, entitlementName: request.entitlementName }
  return { id, ...whose, cluster, actor: workerActor(), about }
}
