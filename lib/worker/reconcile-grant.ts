import type { Span } from '@opentelemetry/api'
import { ClusterError } from '#lib/adapters/cluster/errors'
import { underReference } from '#lib/adapters/cluster/reference'
import type { RemovedRow } from '#lib/adapters/db/grants/grant-progress'
import { postponeGrant, releaseLease, scheduleGrant } from '#lib/adapters/db/grants/grant-queue'
import { AppError } from '#lib/core/access/errors'
import { keyOf } from '#lib/core/grants/manifests'
import { whyNotTrusted } from '#lib/core/grants/may-begin'
import { plan } from '#lib/core/grants/plan'
import { log } from '#lib/observability/log'
import { inSpan, markFailed } from '#lib/observability/traces'
import { backoffMs } from './backoff.ts'
import { activate, make, Refused, saveProgress, wish } from './create-access.ts'
import { beginEnding, finish, remove } from './end-access.ts'
import { inspect, NotRepairable } from './inspect.ts'
import { NotConfirmed } from './probe.ts'
import { manifestsOf, type Work } from './work.ts'

/** After so many rounds of ten seconds a cluster that took everything and still says no has said no for good. */
const triesUntilNeverAllowed = 5

/** Wish, make, prove, begin the end, remove, prove: more steps than these in one pass is an error of ours. */
const mostSteps = 12

/** Carries out what plan() says, step by step, until there is nothing to do for now. */
async function carryOut(work: Work, worker: string) {
  const { grant } = work
  const removed: RemovedRow[] = []
  for (let count = 0; count < mostSteps; count++) {
    const { startsAt } = grant.request
    // NB: an end is planned without a look at the terms: ones that nobody of ours wrote may be of any shape.
    const desired = grant.status === 'pending' ? manifestsOf(work).map(keyOf) : []
    const { status, expiresAt, objects: recorded } = grant
    const step = plan({ status, startsAt, expiresAt, desired, recorded }, work.clock())
    work.signal.throwIfAborted()
    switch (step.do) {
      case 'wait':
        if (step.until) await scheduleGrant(worker, grant, step.until)
        return
      case 'record-intent':
        await wish(work, step.objects)
        break
      case 'create':
        await make(work, step.objects)
        break
      case 'probe-allowed':
        await activate(work)
        // saveActive() gave the lease back together with the move.
        return
      case 'inspect':
        await inspect(work, worker, step.until)
        return
      case 'end':
        await beginEnding(work, { endedBy: step.endedBy, code: step.endedBy, sentence: null })
        break
      case 'delete-bindings':
        await remove(work, step.objects, removed)
        break
      case 'probe-denied':
        await finish(work, step.remove, removed)
        return
    }
  }
  throw new Error('the plan for a grant does not come to an end')
}

/** Ends what rests on records that Postern did not write, before anything else is read of them. */
function refuseForgery({ grant, clock }: Work) {
  const isOver = grant.status === 'active' && grant.expiresAt !== null && grant.expiresAt <= clock()
  const refusal = isOver ? null : whyNotTrusted(grant)
  if (refusal) throw new Refused(refusal)
}

/** Why a pending grant can never be made, or a live one never be put right, when this error says so. */
function whyNever(error: unknown, { grant }: Work) {
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
  // NB: not for a live grant: that Postern may not look at it says nothing about it.
  if (grant.status === 'pending' && error instanceof ClusterError && error.kind !== 'transient') {
    return { endedBy: 'failure' as const, code: `cluster-${error.status ?? 'refused'}`, sentence: error.message }
  }
  return undefined
}

/** What a failed attempt leaves: the sentence for the grant's people, and when to try again. */
async function postpone(work: Work, worker: string, error: unknown) {
  const { grant, writing } = work
  const { reference } = writing.actor.origin
  const isTheirs = error instanceof ClusterError
  const sentence = isTheirs
    ? error.message
    : `Postern itself failed here; whoever runs it finds more under ${reference}.`
  const delayMs = backoffMs(grant.attempts, Math.random(), isTheirs ? error.retryAfterMs : undefined)
  log[isTheirs ? 'warn' : 'error'](
    { reference, grant: grant.id, cluster: grant.cluster, err: error },
    'grant postponed',
  )
  await postponeGrant(worker, grant, { sentence, delayMs })
}

/**
 * One pass over a claimed grant: as far as it goes now. Afterwards the lease is given back, and the row says when it is
 * due again. Never throws for what a cluster does; throws when the database is away, and then the lease runs out.
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
      const never = whyNever(error, work)
      if (!never) throw error
      await beginEnding(work, never)
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
