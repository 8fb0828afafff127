import { AppError } from '#lib/core/access/errors'
import { metrics } from '#lib/observability/metrics'

// How many calls of one person this process works on at once. The rate limits bound how often a person calls; this bounds
// how much of a process one person can occupy, whatever a single call costs.

const mostAtOnce = 4

// Next bundles routes apart from each other; calls are counted for the process.
const shared = globalThis as typeof globalThis & { posternCallsInProgress?: Map<string, number> }

/**
 * Begins a call of a person.
 * @returns ends it
 * @throws AppError `rate-limited` while as many calls of this person are in progress as may be
 */
export function beginCall(personId: string): () => void {
  shared.posternCallsInProgress ??= new Map()
  const calls = shared.posternCallsInProgress
  const others = calls.get(personId) ?? 0
  if (others >= mostAtOnce) {
    metrics().rateLimited.inc({ bucket: 'in-progress' })
    throw new AppError(
      'rate-limited',
      `${mostAtOnce} of your calls are still in progress. Wait until one of them has finished.`,
    )
  }
  calls.set(personId, others + 1)
  let isOpen = true
  return () => {
    if (!isOpen) return
    isOpen = false
    const left = (calls.get(personId) ?? 1) - 1
    if (left > 0) calls.set(personId, left)
    else calls.delete(personId)
  }
}
