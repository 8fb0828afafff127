import { ClusterError } from '#lib/adapters/cluster/errors'
import { createObject } from '#lib/adapters/cluster/objects'
import { readClusterRole, readNamespaces } from '#lib/adapters/cluster/read-cluster'
import { readPods } from '#lib/adapters/cluster/read-pods'
import { db } from '#lib/adapters/db/client'
import { readRights } from '#lib/adapters/db/clusters/cluster-rights'
import { findExtendedGrant, findSuperseded } from '#lib/adapters/db/grants/extended-grant'
import { saveActive, saveCreated, saveIntent } from '#lib/adapters/db/grants/grant-progress'
import { readHistory } from '#lib/adapters/db/requests/history'
import { keyOf, keyText, type Manifest, type ObjectKey } from '#lib/core/grants/manifests'
import { judgePermission, type Refusal, whyNotApproved } from '#lib/core/grants/may-begin'
import { uses } from '#lib/core/guardrails/configured/compile'
import { withCondition } from '#lib/core/guardrails/configured/unattended'
import { reachesPods } from '#lib/core/guardrails/pod-facts'
import { metrics, secondsBetween } from '#lib/observability/metrics'
import { probeAllowed } from './probe.ts'
import { reviewDifference } from './review-difference.ts'
import { manifestsOf, type Work } from './work.ts'

/** The access may no longer be created. This is not a failure, and trying again would not help. */
export class Refused extends Error {
  readonly refusal: Refusal
  constructor(refusal: Refusal) {
    super(refusal.sentence)
    this.name = 'Refused'
    this.refusal = refusal
  }
}

const refuseIf = (refusal: Refusal | null) => {
  if (refusal) throw new Refused(refusal)
}

/** The third judgement, by the cluster as it is now: once per pass, before anything is created. */
async function judge(work: Work) {
  if (work.judged) return
  const { grant, policy } = work
  refuseIf(whyNotApproved(grant, policy))
  const client = await work.client()
  const { clusterRole, namespaces } = grant.request
  const before = { requestId: grant.request.id, approvedAt: grant.createdAt }
  const question = { personId: grant.requester.id, entitlement: grant.request.entitlementName, before }
  const compiled = withCondition(policy.compiled, grant.request.entitlement)
  const needsPods = uses(compiled, 'pods') && reachesPods(grant.request.rules)
  const { extendsGrantId, heldSince } = grant.request
  const extension = { personId: grant.requester.id, requestId: grant.request.id }
  const [observed, rules, rights, difference, history, pods, found] = await Promise.all([
    readNamespaces(client, namespaces),
    clusterRole ? readClusterRole(client, clusterRole) : null,
    readRights(db(), grant.cluster),
    reviewDifference(client, grant, policy.configuration, work.clock()),
    readHistory({ ...question, compiled }),
    needsPods ? readPods(client, namespaces) : null,
    extendsGrantId ? findExtendedGrant(db(), { ...extension, grantId: extendsGrantId }) : null,
  ])
  const clusterRoles = clusterRole && rules ? { [clusterRole]: rules } : {}
  const extended = found && heldSince ? { ...found, heldSince } : null
  const live = { namespaces: observed, clusterRoles, rights, difference, history, pods, extended }
  const permission = judgePermission(grant, policy, live, work.clock())
  if (permission.refusal) throw new Refused(permission.refusal)
  work.note({ what: 'permitted', judged: permission.judged, until: permission.until })
}

/**
 * Commits the names of the objects that will be created. The records are judged before that; the cluster is read at the same
 * time, because reading changes nothing. Nothing is created until both are done.
 */
export async function recordIntent(work: Work, objects: readonly ObjectKey[]) {
  const { grant, policy } = work
  refuseIf(whyNotApproved(grant, policy))
  const [judged, saved] = await Promise.allSettled([judge(work), saveIntent(work.writing, objects)])
  if (saved.status === 'rejected') throw saved.reason
  work.note({ what: 'intent-saved', objects })
  if (judged.status === 'rejected') throw judged.reason
}

/** A final refusal counts more than an error that may pass. */
function worstOf(results: readonly PromiseSettledResult<unknown>[]): unknown {
  const reasons = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []))
  return reasons.find((reason) => !(reason instanceof ClusterError && reason.kind === 'transient')) ?? reasons[0]
}

/** Creates these objects of a pending grant, after the third judgement. */
export async function createMissing(work: Work, objects: readonly ObjectKey[]) {
  await judge(work)
  const missing = new Set(objects.map(keyText))
  await createAll(
    work,
    manifestsOf(work).filter((manifest) => missing.has(keyText(keyOf(manifest)))),
  )
}

/** Creates these objects at once. Waits for every response, so that no call is under way afterwards. */
export async function createAll(work: Work, manifests: readonly Manifest[]) {
  const client = await work.client()
  work.signal.throwIfAborted()
  const results = await Promise.allSettled(manifests.map((manifest) => createObject(client, manifest)))
  for (const result of results) {
    if (result.status === 'fulfilled') work.note({ what: 'created', object: result.value })
  }
  const worst = worstOf(results)
  if (worst !== undefined) throw worst
}

/** Commits the UIDs of created objects that the database does not have yet, so that the end of the grant can delete them. */
export async function saveProgress(work: Work) {
  await saveCreated(work.writing, work.unsaved)
  work.note({ what: 'created-saved' })
}

/** When access was due: at the last approval, or at the requested start. */
const dueAt = ({ createdAt, request: { startsAt } }: Work['grant']) =>
  startsAt && startsAt > createdAt ? startsAt : createdAt

/** Access is active only after the cluster has allowed all of it; its duration starts at that moment. */
export async function activate(work: Work) {
  const { grant } = work
  // Objects of an earlier pass, before a crash, may have been changed since: each is compared again.
  const known = new Set(work.created.map(keyText))
  const unchecked = grant.objects.filter((object) => !known.has(keyText(object)))
  if (unchecked.length > 0) await createMissing(work, unchecked)
  const probes = await probeAllowed(await work.client(), work)
  const activatedAt = work.clock()
  if (work.until && work.until <= activatedAt) {
    // The window closed meanwhile: the next judgement refuses the access, unless another window is already open.
    work.note({ what: 'window-closed' })
    await judge(work)
  }
  const ends = [activatedAt.getTime() + grant.request.durationSeconds * 1000]
  if (work.until) ends.push(work.until.getTime())
  // Annotations only ever end access sooner; they do so if granting took minutes.
  for (const { expiresAt } of work.created) if (expiresAt) ends.push(expiresAt.getTime())
  const expiresAt = new Date(Math.min(...ends))
  const { extendsGrantId } = grant.request
  const supersedes = extendsGrantId && (await findSuperseded(db(), extendsGrantId))
  await saveActive(work.writing, {
    ...{ created: work.unsaved, probes, activatedAt, expiresAt, judged: work.judged },
    supersedes: supersedes || null,
  })
  metrics().activeSeconds.observe(secondsBetween(dueAt(grant), activatedAt))
  work.note({ what: 'activated', expiresAt })
}
