import { ClusterError } from '#lib/adapters/cluster/errors'
import { createObject } from '#lib/adapters/cluster/objects'
import { readClusterRole, readNamespaces } from '#lib/adapters/cluster/read-cluster'
import { db } from '#lib/adapters/db/client'
import { readRights } from '#lib/adapters/db/clusters/cluster-rights'
import { saveActive, saveCreated, saveIntent } from '#lib/adapters/db/grants/grant-progress'
import { keyOf, keyText, type Manifest, type ObjectKey } from '#lib/core/grants/manifests'
import { judgePermission, type Refusal, whyNotApproved } from '#lib/core/grants/may-begin'
import { metrics, secondsBetween } from '#lib/observability/metrics'
import { probeAllowed } from './probe.ts'
import { reviewDifference } from './review-difference.ts'
import { manifestsOf, type Work } from './work.ts'

/** It may not be made any more: no failure of ours, and nothing to try again. */
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

/** The third judgement, with the cluster as it is. Once in a pass. */
async function judge(work: Work) {
  if (work.judged) return
  const { grant, policy } = work
  refuseIf(whyNotApproved(grant, policy))
  const client = await work.client()
  const { clusterRole, namespaces } = grant.request
  const [seen, rules, rights, difference] = await Promise.all([
    readNamespaces(client, namespaces),
    clusterRole ? readClusterRole(client, clusterRole) : null,
    readRights(db(), grant.cluster),
    reviewDifference(client, grant, policy.configuration, work.clock()),
  ])
  const clusterRoles = clusterRole && rules ? { [clusterRole]: rules } : {}
  const live = { namespaces: seen, clusterRoles, rights, difference }
  const permission = judgePermission(grant, policy, live, work.clock())
  if (permission.refusal) throw new Refused(permission.refusal)
  work.note({ what: 'permitted', judged: permission.judged, until: permission.until })
}

/**
 * Commits the names of what will be made. What the records say is judged before; the cluster is looked at meanwhile,
 * because looking takes as long as committing and changes nothing. Nothing is made until both are done.
 */
export async function wish(work: Work, objects: readonly ObjectKey[]) {
  const { grant, policy } = work
  refuseIf(whyNotApproved(grant, policy))
  const [judged, saved] = await Promise.allSettled([judge(work), saveIntent(work.writing, objects)])
  if (saved.status === 'rejected') throw saved.reason
  work.note({ what: 'intent-saved', objects })
  if (judged.status === 'rejected') throw judged.reason
}

/** The worst first: a refusal for good decides, whatever else went wrong. */
function worstOf(results: readonly PromiseSettledResult<unknown>[]): unknown {
  const reasons = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []))
  return reasons.find((reason) => !(reason instanceof ClusterError && reason.kind === 'transient')) ?? reasons[0]
}

/** Makes these objects of a grant that is about to begin, after the third judgement. */
export async function make(work: Work, objects: readonly ObjectKey[]) {
  await judge(work)
  const wanted = new Set(objects.map(keyText))
  await makeAll(
    work,
    manifestsOf(work).filter((manifest) => wanted.has(keyText(keyOf(manifest)))),
  )
}

/** Makes these, all at once; waits for every answer, so that nothing is under way when this is over. */
export async function makeAll(work: Work, manifests: readonly Manifest[]) {
  const client = await work.client()
  work.signal.throwIfAborted()
  const results = await Promise.allSettled(manifests.map((manifest) => createObject(client, manifest)))
  for (const result of results) {
    if (result.status === 'fulfilled') work.note({ what: 'created', object: result.value })
  }
  const worst = worstOf(results)
  if (worst !== undefined) throw worst
}

/** Commits what is made and not known yet, so that what ends this grant knows it by its uid. */
export async function saveProgress(work: Work) {
  await saveCreated(work.writing, work.unsaved)
  work.note({ what: 'created-saved' })
}

/** When access was due: with the last yes, or when it was asked for. */
const dueAt = ({ createdAt, request: { startsAt } }: Work['grant']) =>
  startsAt && startsAt > createdAt ? startsAt : createdAt

/** Proves that access works, and starts its clock. */
export async function activate(work: Work) {
  const { grant } = work
  // After a crash: what an earlier pass made may have been changed since, so each is looked at again.
  const known = new Set(work.created.map(keyText))
  const unseen = grant.objects.filter((object) => !known.has(keyText(object)))
  if (unseen.length > 0) await make(work, unseen)
  const probes = await probeAllowed(await work.client(), grant, work.clock, work.signal)
  const activatedAt = work.clock()
  if (work.until && work.until <= activatedAt) {
    // The window has closed while it was made: judged anew, it is refused, unless the next one is open already.
    work.note({ what: 'window-closed' })
    await judge(work)
  }
  const ends = [activatedAt.getTime() + grant.request.durationSeconds * 1000]
  if (work.until) ends.push(work.until.getTime())
  // The annotations may only ever end access sooner; they do when granting took minutes.
  for (const { expiresAt } of work.created) if (expiresAt) ends.push(expiresAt.getTime())
  const expiresAt = new Date(Math.min(...ends))
  await saveActive(work.writing, { created: work.unsaved, probes, activatedAt, expiresAt, judged: work.judged })
  metrics().activeSeconds.observe(secondsBetween(dueAt(grant), activatedAt))
  work.note({ what: 'activated', expiresAt })
}
