const firstMs = 500
const longestMs = 30_000

/**
 * Milliseconds until the next attempt: random, up to a limit that doubles with each failure, so that grants that failed
 * together are not retried together ("full jitter"); never sooner than the cluster asked for.
 * @param attempts failures before this one
 * @param random from 0 to 1
 */
export function backoffMs(attempts: number, random: number, retryAfterMs = 0): number {
  const limit = Math.min(longestMs, firstMs * 2 ** Math.min(attempts, 10))
  return Math.max(100, Math.round(random * limit), Math.min(retryAfterMs, longestMs))
}
