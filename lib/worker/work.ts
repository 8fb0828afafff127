import type { ClusterClient } from '#lib/adapters/cluster/client'
import type { CreatedObject } from '#lib/adapters/cluster/objects'
import type { ClaimedGrant } from '#lib/adapters/db/grants/claimed-grant'
import type { Writing } from '#lib/adapters/db/grants/grant-progress'
import { type CurrentPolicy, currentPolicy } from '#lib/adapters/policy/current'
import type { SystemActor } from '#lib/core/access/actor'
import type { EndReason } from '#lib/core/access/status'
import { grantObjects, keyText, type Manifest, type ObjectKey } from '#lib/core/grants/manifests'
import type { Judged } from '#lib/core/grants/may-begin'
import type { SubjectKind } from '#lib/core/grants/names'
import type { RecordedObject } from '#lib/core/grants/plan'
import { subjectKindAt } from '#lib/core/grants/subject-kind'
import { newReference } from '#lib/observability/reference'
import { clientFor } from './clusters.ts'

/** A claimed grant as it is in the database, kept up to date by `Work.note`. */
export type GrantInWork = Readonly<Omit<ClaimedGrant, 'objects'>> & {
  readonly objects: readonly Readonly<RecordedObject>[]
}

/** What happened in a pass, noted after it is committed or the cluster has responded. */
export type Happened =
  | { what: 'intent-saved'; objects: readonly ObjectKey[] }
  | { what: 'permitted'; judged: Judged; until: Date | null }
  | { what: 'window-closed' }
  | { what: 'created'; object: CreatedObject }
  | { what: 'created-saved' }
  | { what: 'activated'; expiresAt: Date }
  | { what: 'ending'; at: Date; endedBy: EndReason }
  | { what: 'removed'; objects: readonly ObjectKey[]; at: Date }
  | { what: 'ended' }

/** One pass over one claimed grant. */
export type Work = {
  readonly grant: GrantInWork
  readonly policy: CurrentPolicy
  /** @throws ClusterError if the cluster is not configured or its kubeconfig cannot be used */
  client(): Promise<ClusterClient>
  /** Whether this worker ends no other access in the same cluster at this moment. */
  isOnlyEnd(): boolean
  /** Aborted when another process ends the grant, the lease is lost, or the worker stops. */
  readonly signal: AbortSignal
  /** The database's time. */
  clock(): Date
  readonly writing: Writing
  /** Objects that certainly exist: created in this pass, or found to be exactly the grant's own. */
  readonly created: readonly CreatedObject[]
  /** Those of them that the database does not have yet. */
  readonly unsaved: readonly CreatedObject[]
  /** What the last judgement permitted; null before it. */
  readonly judged: Judged | null
  /** When the window closes that access may not outlive, by that judgement; null if there is none. */
  readonly until: Date | null
  /** The only way in which any of this changes. */
  note(happened: Happened): void
}

type Progress = {
  grant: ClaimedGrant
  created: CreatedObject[]
  unsaved: CreatedObject[]
  judged: Judged | null
  until: Date | null
}

/** An object that an earlier pass created and saved before a crash is not saved again. */
function noteCreated({ grant, created, unsaved }: Progress, object: CreatedObject) {
  created.push(object)
  const recorded = grant.objects.find((other) => keyText(other) === keyText(object))
  if (recorded?.uid === object.uid) return
  if (recorded) Object.assign(recorded, { uid: object.uid, fingerprint: object.fingerprint })
  unsaved.push(object)
}

function noteInto(progress: Progress, happened: Happened): void {
  const { grant } = progress
  switch (happened.what) {
    case 'intent-saved':
      grant.objects.push(...happened.objects.map((object) => ({ ...object, uid: null, removedAt: null })))
      return
    case 'permitted':
      progress.judged = happened.judged
      progress.until = happened.until
      return
    case 'window-closed':
      progress.judged = null
      return
    case 'created':
      noteCreated(progress, happened.object)
      return
    case 'created-saved':
      progress.unsaved = []
      return
    case 'activated':
      progress.unsaved = []
      grant.status = 'active'
      grant.expiresAt = happened.expiresAt
      return
    case 'ending':
      grant.status = 'ending'
      grant.endingAt = happened.at
      grant.endedBy = happened.endedBy
      return
    case 'removed': {
      const keys = new Set(happened.objects.map(keyText))
      for (const object of grant.objects) if (keys.has(keyText(object))) object.removedAt = happened.at
      return
    }
    case 'ended':
      grant.status = 'ended'
  }
}

/** Begins a pass over a grant that this worker has just claimed. */
export function startWork(claimed: ClaimedGrant, signal: AbortSignal, isOnlyEnd: () => boolean): Work {
  const received = performance.now()
  const policy = currentPolicy()
  const progress: Progress = { grant: claimed, created: [], unsaved: [], judged: null, until: null }
  return {
    policy,
    signal,
    isOnlyEnd,
    client: () => clientFor(policy.configuration, claimed.cluster),
    // The database's time of the claim, continued by a clock that cannot be set.
    clock: () => new Date(claimed.now.getTime() + performance.now() - received),
    writing: writingOf(claimed),
    get grant() {
      return progress.grant
    },
    get created() {
      return progress.created
    },
    get unsaved() {
      return progress.unsaved
    },
    get judged() {
      return progress.judged
    },
    get until() {
      return progress.until
    },
    note: (happened) => noteInto(progress, happened),
  }
}

/** Seconds that the annotated end is later than the approved duration: granting may take several attempts. */
const annotationSlackSeconds = 300

/** Who acts with the grant. */
export const subjectKindIn = ({ grant, policy }: Pick<Work, 'grant' | 'policy'>): SubjectKind =>
  subjectKindAt(policy.configuration, grant.cluster, grant.objects)

/** The objects of a grant. Their annotated end is that of the grant, or the latest that it can get. */
export function manifestsOf(work: Work): Manifest[] {
  const { grant, policy, clock, until } = work
  const { id, namespaces, rules, clusterRole, durationSeconds, digest } = grant.request
  const { publicUrl } = policy.configuration
  const latest = clock().getTime() + (durationSeconds + annotationSlackSeconds) * 1000
  return grantObjects({
    grantId: grant.id,
    subject: subjectKindIn(work),
    namespaces,
    rules,
    clusterRole,
    requester: grant.requester,
    requestUrl: new URL(`/requests/${id}`, publicUrl).href,
    digest,
    expiresAt: grant.expiresAt ?? new Date(Math.min(latest, until?.getTime() ?? latest)),
  })
}

/** The worker as the actor of one pass, with one reference for its log lines and events. */
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
