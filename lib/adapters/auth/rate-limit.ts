import { isIPv6 } from 'node:net'
import { type Spent, settleSpent } from '#lib/adapters/db/people/rate-buckets'
import { AppError } from '#lib/core/access/errors'
import { log } from '#lib/observability/log'
import { metrics } from '#lib/observability/metrics'

// Nobody may take Postern away from everybody else. Calls are taken from token buckets. A bucket is kept here, so that no
// call waits for the database; what was taken from it is told to the database, which adds up what all replicas took and
// says what is left. While the database is away each process keeps to its own part.
//
// Whoever is recognised spends from a bucket of their own, and no bucket of an address stands before it: somebody who
// shares an address with an attacker loses nothing once signed in, and an attacker cannot spend what is another's.

/** At once, and refilled by so many a second. */
const limits = {
  /** Calls of the API and actions of one person. People need a hundredth of this; the busiest client of the bench half. */
  person: { capacity: 1_000, perSecond: 200 },
  /** Pages of one browser session: each is one call, and some of its links besides. */
  session: { capacity: 1_000, perSecond: 200 },
  /** Pages of nobody who is signed in, from one network. */
  stranger: { capacity: 600, perSecond: 20 },
  /** Sign-ins begun or finished from one network, two of each. Behind one address many people may come to work at nine. */
  'sign-in': { capacity: 600, perSecond: 5 },
  /** Calls of the API from one network by nobody: no token, or one that is refused. */
  refused: { capacity: 1_000, perSecond: 10 },
} as const

export type LimitKind = keyof typeof limits

/** What is below this part of a bucket is not told to others: it is as good as nothing, and costs a statement. */
const toldFrom = 0.1
/** Milliseconds between two times that the database is told, unless a bucket empties faster. */
const tellEvery = 1_000

type Bucket = { kind: LimitKind; left: number; at: number; untold: number }

type Limiter = {
  /**
   * Takes one call from a bucket.
   * @throws AppError `rate-limited`, which takes nothing, with the seconds until one call is there again
   */
  take(kind: LimitKind, whose: string): void
  /** Waits until what was to be told so far has been. */
  settled(): Promise<void>
}

/** One replica's buckets. @param now milliseconds of a clock that only runs forward */
export function makeLimiter(now: () => number = () => performance.now()): Limiter {
  const buckets = new Map<string, Bucket>()
  let telling: Promise<void> | undefined
  let timer: NodeJS.Timeout | undefined

  function bucketOf(kind: LimitKind, key: string): Bucket {
    const { capacity, perSecond } = limits[kind]
    const bucket = buckets.get(key) ?? { kind, left: capacity, at: now(), untold: 0 }
    bucket.left = Math.min(capacity, bucket.left + ((now() - bucket.at) / 1000) * perSecond)
    bucket.at = now()
    buckets.set(key, bucket)
    return bucket
  }

  /** Drops buckets that are full again, and gives what is worth telling of the others. */
  function takeUntold(): Spent[] {
    const spent: Spent[] = []
    for (const [key, { kind, untold }] of buckets) {
      const { capacity, perSecond } = limits[kind]
      const bucket = bucketOf(kind, key)
      if (bucket.left >= capacity) buckets.delete(key)
      else if (untold > 0 && capacity - bucket.left >= capacity * toldFrom) {
        spent.push({ key, spent: untold, capacity, perSecond })
        bucket.untold = 0
      }
    }
    return spent
  }

  async function tell() {
    const spent = takeUntold()
    if (spent.length === 0) return
    try {
      for (const { key, left } of await settleSpent(spent)) {
        const bucket = buckets.get(key)
        if (bucket) bucket.left = Math.min(bucket.left, left - bucket.untold)
      }
    } catch (error) {
      for (const { key, spent: untold } of spent) {
        const bucket = buckets.get(key)
        if (bucket) bucket.untold = Math.min(bucket.untold + untold, limits[bucket.kind].capacity)
      }
      log.debug({ err: error }, 'rate limits are those of this process alone: the database is away')
    }
  }

  function tellNow() {
    clearTimeout(timer)
    timer = undefined
    telling ??= tell().finally(() => {
      telling = undefined
      if (buckets.size > 0) tellSoon()
    })
  }

  function tellSoon() {
    timer ??= setTimeout(tellNow, tellEvery).unref()
  }

  return {
    take(kind, whose) {
      const bucket = bucketOf(kind, `${kind} ${whose}`)
      const { capacity, perSecond } = limits[kind]
      if (bucket.left < 1) {
        metrics().rateLimited.inc({ bucket: kind })
        const retryAfterSeconds = Math.ceil((1 - bucket.left) / perSecond)
        throw new AppError('rate-limited', 'Too many calls at once. Wait a moment and try again.', {
          retryAfterSeconds,
        })
      }
      bucket.left -= 1
      bucket.untold += 1
      if (bucket.untold >= capacity * toldFrom) tellNow()
      else tellSoon()
    },
    settled: async () => {
      await telling
      await tell()
    },
  }
}

const shared = globalThis as typeof globalThis & { posternLimiter?: Limiter }

/** Takes one call from a bucket of this process: see Limiter.take(). */
export function takeCall(kind: LimitKind, whose: string): void {
  shared.posternLimiter ??= makeLimiter()
  shared.posternLimiter.take(kind, whose)
}

/**
 * Whose bucket an address spends from. An IPv6 host has 2^64 addresses to itself: its network counts (RFC 6177). Where no
 * address is known, all who have none share one.
 */
export function networkOf(address: string | null): string {
  if (address === null) return 'unknown'
  if (!isIPv6(address)) return address
  const [head = '', tail] = address.split('%')[0]?.split('::') ?? []
  const groups = head.split(':').filter(Boolean)
  const missing = tail === undefined ? 0 : 8 - groups.length - tail.split(':').filter(Boolean).length
  const all = [...groups, ...Array<string>(Math.max(missing, 0)).fill('0'), ...(tail ?? '').split(':').filter(Boolean)]
  return `${all
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`
}
