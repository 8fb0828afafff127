// The words of the worker:
//   claim    take a due grant from the queue, under a lease
//   lease    for half a minute only its owner may act on a grant; the owner renews it, and after a crash it runs out
//   intent   the names of a grant's objects, committed before the cluster is touched
//   probe    access reviews that confirm that the cluster allows, or after the end denies, all that a grant permits
//   sweep    compare a whole cluster with the database, in both directions
//   inspect  compare the objects of one active grant with what was approved
//   repair   bring the objects of an active grant back to what was approved; what can't be repaired is ended
//   stray    an object with Postern's labels and without a live grant; the sweep deletes it

import type { Span } from '@opentelemetry/api'
import { ClusterError } from '#lib/adapters/cluster/errors'
import { underReference } from '#lib/adapters/cluster/reference'
import { hastenSuperseded, isExtensionActive } from '#lib/adapters/db/grants/extended-grant'
import { postponeGrant, releaseLease, scheduleGrant } from '#lib/adapters/db/grants/grant-queue'
import { AppError } from '#lib/core/access/errors'
import { keyOf } from '#lib/core/grants/manifests'
import { whyNotTrusted } from '#lib/core/grants/may-begin'
import { plan } from '#lib/core/grants/plan'
import { log } from '#lib/observability/log'
import { inSpan, markFailed } from '#lib/observability/traces'
import { backoffMs } from './backoff.ts'
import { activate, createMissing, Refused, recordIntent, saveProgress } from './create-access.ts'
import { beginEnding, endAccess, endTokens } from './end-access.ts'
import { inspect, NotRepairable } from './inspect.ts'
import { NotConfirmed } from './probe.ts'
import { manifestsOf, type Work } from './work.ts'

/** After this many retries, half a minute and more, a cluster that still denies what it accepted will not come to allow it. */
const triesUntilNeverAllowed = 8

/** Record the intent, create, probe, begin the end, end: a pass with more steps than this is a bug. */
const mostSteps = 12

/** When the extension of this access began, while that is active. */
async function extendedSince({ grant }: Work): Promise<Date | null> {
  if (grant.status !== 'ending' || grant.endedBy !== 'superseded') return null
  return (await isExtensionActive(grant.id)) ? grant.endingAt : null
}

/** Carries out the steps of plan() until there is nothing to do for now. */
async function carryOut(work: Work, worker: string) {
  const { grant } = work
  const extendedAt = await extendedSince(work)
  for (let count = 0; count < mostSteps; count++) {
    const { startsAt } = grant.request
    // NB: an end is planned without reading the terms, because forged ones may be malformed.
    const desired = grant.status === 'pending' ? manifestsOf(work).map(keyOf) : []
    const { status, expiresAt, objects: recorded } = grant
    const step = plan({ status, startsAt, expiresAt, extendedAt, desired, recorded }, work.clock())
    work.signal.throwIfAborted()
    switch (step.do) {
      case 'wait':
        if (step.until) await scheduleGrant(worker, grant, step.until)
        // The extension may have ended meanwhile, and found no wait to cut short.
        if (extendedAt && !(await extendedSince(work))) await hastenSuperseded(grant.id)
        return
      case 'record-intent':
        await recordIntent(work, step.objects)
        break
      case 'create':
        await createMissing(work, step.objects)
        break
      case 'probe-allowed':
        await activate(work)
        // saveActive() has released the lease too.
        return
      case 'inspect':
        await inspect(work, worker, step.until)
        return
      case 'end':
        await beginEnding(work, { endedBy: step.endedBy, code: step.endedBy, sentence: null })
        break
      case 'end-tokens':
        if (await endTokens(work, step.accounts)) break
        await endAccess(work, step.otherwise)
        return
      case 'end-access':
        await hastenSuperseded(grant.request.extendsGrantId)
        await endAccess(work, step)
        return
    }
  }
  throw new Error('the plan for a grant does not end')
}

/** A grant whose records Postern did not write is ended before anything else is read from them. */
function refuseForgery({ grant, clock }: Work) {
  const isOver = grant.status === 'active' && grant.expiresAt !== null && grant.expiresAt <= clock()
  const refusal = isOver ? null : whyNotTrusted(grant)
  if (refusal) throw new Refused(refusal)
}

/** Why this error ends the grant instead of postponing it: it can never be created, or never be repaired. */
function whyFinal(error: unknown, { grant }: Work) {
  if (error instanceof Refused && error.refusal.signatureFailure) return error.refusal
  if (grant.status !== 'pending' && grant.status !== 'active') return undefined
  if (error instanceof Refused) return error.refusal
  if (error instanceof NotConfirmed) {
    if (grant.attempts < triesUntilNeverAllowed) return undefined
    return { endedBy: 'failure' as const, code: 'not-allowed', sentence: error.message }
  }
  if (error instanceof NotRepairable) {
    return { endedBy: 'failure' as const, code: 'not-repairable', sentence: error.message }
  }
  // NB: not for an active grant: that Postern may not read its objects says nothing about them.
  if (grant.status === 'pending' && error instanceof ClusterError && error.kind !== 'transient') {
    return { endedBy: 'failure' as const, code: `cluster-${error.status ?? 'refused'}`, sentence: error.message }
  }
  return undefined
}

/** Records a failed attempt: its sentence for the people of the grant, and when to try again. */
async function postpone(work: Work, worker: string, error: unknown) {
  const { grant, writing } = work
  const { reference } = writing.actor.origin
  const isOfCluster = error instanceof ClusterError
  const sentence = isOfCluster
    ? error.message
    : `Postern failed unexpectedly. Contact your Postern administrator with the reference ${reference}.`
  const delayMs = backoffMs(grant.attempts, Math.random(), isOfCluster ? error.retryAfterMs : undefined)
  log[isOfCluster ? 'warn' : 'error'](
    { reference, grant: grant.id, cluster: grant.cluster, err: error },
    'grant postponed',
  )
  await postponeGrant(worker, grant, { sentence, delayMs })
}

/**
 * One pass over a claimed grant, as far as it gets now. Afterwards the lease is released, and the row has the time at which
 * the grant is due again. Throws only while the database is unavailable; then the lease runs out.
 */
export function reconcileGrant(work: Work, worker: string): Promise<void> {
  const { grant, writing } = work
  const { reference } = writing.actor.origin
  const attributes = {
    'postern.reference': reference,
    'postern.grant.id': grant.id,
    'postern.request.id': grant.request.id,
    'k8s.cluster.name': grant.cluster,
  }
  return inSpan('reconcile grant', { kind: 'root', attributes }, async (span) => {
    try {
      await underReference(reference, () => onePass(work, worker, span))
    } finally {
      span.setAttribute('postern.grant.status', grant.status)
    }
  })
}

async function onePass(work: Work, worker: string, span: Span): Promise<void> {
  const { grant } = work
  try {
    try {
      refuseForgery(work)
      await carryOut(work, worker)
    } catch (error) {
      await saveProgress(work)
      const refusal = whyFinal(error, work)
      if (!refusal) throw error
      await beginEnding(work, refusal)
      await carryOut(work, worker)
    }
  } catch (error) {
    if (work.signal.aborted || (error instanceof AppError && error.code === 'conflict')) {
      await releaseLease(worker, grant.id)
    } else if (error instanceof AppError && error.code === 'unavailable') {
      throw error
    } else {
      markFailed(span, error)
      await postpone(work, worker, error)
    }
  }
}
