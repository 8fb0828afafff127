import { AppError } from '#lib/access/errors'

// A runaway script must not take Postern away from everybody else. A bucket per person and process: 1,000 calls at once,
// refilled by 200 a second. People need a hundredth of that; the benchmark's busiest client needs the half.

const capacity = 1_000
const perSecond = 200

type Bucket = { left: number; at: number }
const shared = globalThis as typeof globalThis & { posternBuckets?: Map<string, Bucket> }
shared.posternBuckets ??= new Map()
const buckets = shared.posternBuckets

/**
 * Takes one call from this person's bucket.
 * @param nowMs milliseconds of a clock that only runs forward
 * @throws AppError `rate-limited` when it is empty
 */
export function takeCall(personId: string, nowMs = performance.now()): void {
  const bucket = buckets.get(personId) ?? { left: capacity, at: nowMs }
  bucket.left = Math.min(capacity, bucket.left + ((nowMs - bucket.at) / 1000) * perSecond)
  bucket.at = nowMs
  if (buckets.size > 10_000) forgetFullOnes(nowMs)
  buckets.set(personId, bucket)
  if (bucket.left < 1) throw new AppError('rate-limited', 'Too many calls at once. Try again in a second.')
  bucket.left -= 1
}

function forgetFullOnes(nowMs: number) {
  for (const [id, { left, at }] of buckets) {
    if (left + ((nowMs - at) / 1000) * perSecond >= capacity) buckets.delete(id)
  }
}
