import { afterCommit } from '#lib/adapters/db/client'
import type { ClaimedGrant } from './claimed-grant.ts'

// Hand-over: the statement that approves a request or ends access also leases the grant to the worker of the same process,
// and after the commit that worker begins at once. Without a worker in this process, or a free slot of it, any worker claims
// the grant when it is notified. (Decision record: hand-over with the lease.)

/** Seconds. A process that dies right after its commit delays the grant by this; a worker that has begun renews the lease. */
export const handOverSeconds = 10
/** Milliseconds. A transaction that took longer leaves the grant to the queue, because its lease may be over soon. */
const longestTransactionMs = 5_000

/** A slot that a worker keeps free for a grant until its transaction is over. */
export type Reservation = {
  worker: string
  /** The transaction has committed, so the worker has the lease. */
  take(grant: ClaimedGrant): void
  /** The transaction was rolled back, or took too long, or no one knows whether it committed. */
  cancel(): void
}

/** Undefined if the worker has no free slot of that kind, or other grants wait for it. */
type Reserve = (grantId: string, cluster: string, kind: 'begin' | 'end') => Reservation | undefined

// Next.js puts this module into several bundles of one process: operations run in one, and the worker in another.
const shared = globalThis as typeof globalThis & { posternReserve?: Reserve }

/** Registers the worker of this process. Returns how to stop handing over to it. */
export function acceptHandOvers(reserve: Reserve): () => void {
  shared.posternReserve = reserve
  return () => {
    if (shared.posternReserve === reserve) shared.posternReserve = undefined
  }
}

/**
 * Hands a grant over when the current transaction commits. Returns who leases it and until when, for the statement to write,
 * or nulls if it is left to the queue.
 *
 * NB: the grant must consist of what this transaction wrote, or locked, read and verified. The worker reads nothing again, so
 * that no one can change a row in between.
 * @param grant as of `grant.now`, which was read just now
 */
export function handOver(
  grant: ClaimedGrant,
  kind: 'begin' | 'end',
): { worker: string | null; leaseUntil: Date | null } {
  const reservation = shared.posternReserve?.(grant.id, grant.cluster, kind)
  if (!reservation) return { worker: null, leaseUntil: null }
  const readAt = performance.now()
  afterCommit((isCommitted) => {
    const elapsed = performance.now() - readAt
    if (isCommitted && elapsed < longestTransactionMs)
      reservation.take({ ...grant, now: new Date(grant.now.getTime() + elapsed) })
    else reservation.cancel()
  })
  return { worker: reservation.worker, leaseUntil: new Date(grant.now.getTime() + handOverSeconds * 1000) }
}
