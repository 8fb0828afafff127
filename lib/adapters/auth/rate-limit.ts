import { isIPv6 } from 'node:net'
import { type Spent, settleSpent } from '#lib/adapters/db/people/rate-buckets'
import { AppError } from '#lib/core/access/errors'
import { log } from '#lib/observability/log'
import { metrics } from '#lib/observability/metrics'

// Rate limits: no one may slow Postern down for everyone else. Each call takes a token from a bucket. The buckets are
// in memory, so that no call waits for the database; each process reports what it spent to the database, which adds up
// all replicas and returns what is left. While the database is unavailable each process applies the limits on its own.
//
// A recognised caller spends only from a bucket of their own and never from a bucket of their address: someone who
// shares an address with an attacker is not limited once signed in, and an attacker can't exhaust another person's
// bucket.

/** How many calls a bucket holds, and how fast it refills. */
type Size = { capacity: number; perSecond: number }

const sizes = {
  /**
   * API calls and page actions of one person. A person needs a hundredth of this, the busiest client in the bench half.
   */
  person: { capacity: 1_000, perSecond: 200 },
  /** Page loads of one browser session. Links that the browser prefetches count too. */
  session: { capacity: 1_000, perSecond: 200 },
  /** Page loads from one network without a session. */
  anonymous: { capacity: 600, perSecond: 20 },
  /** Steps of sign-ins from one network, two per sign-in. Many people behind one address may start work at nine. */
  'sign-in': { capacity: 600, perSecond: 5 },
  /** API calls from one network without a token, or with one that was refused. */
  unauthenticated: { capacity: 1_000, perSecond: 10 },
  /** Requests that one person submits, refused ones too. The configuration may set another size. */
  submission: { capacity: 30, perSecond: 0.5 },
  /** Credentials that one person is issued: as many as submissions. */
  credential: { capacity: 30, perSecond: 0.5 },
  /** Refused attempts of one person to change something. A person has a few of them on a bad day. */
  refused: { capacity: 300, perSecond: 1 },
} as const satisfies Record<string, Size>

export type LimitKind = keyof typeof sizes

/** Buckets that lack less than this share are not reported: that would cost a statement and change next to nothing. */
const reportedShare = 0.1
/** Milliseconds between two reports to the database, unless a bucket empties faster. */
const reportEvery = 1_000

type Bucket = { size: Size; left: number; at: number; unreported: number }

type Limiter = {
  /** @throws AppError `rate-limited` if a bucket is empty; takes nothing */
  check(kind: LimitKind, owner: string, size?: Size): void
  /** Takes one call that has already been made, also from an empty bucket. */
  charge(kind: LimitKind, owner: string): void
  /**
   * Takes one call from a bucket.
   * @throws AppError `rate-limited` with the seconds until a call is possible again; nothing is taken then
   */
  take(kind: LimitKind, owner: string, size?: Size): void
  /** Waits until everything spent so far has been reported to the database. */
  settled(): Promise<void>
}

function sentenceOf(kind: LimitKind, { capacity }: Size): string {
  if (kind === 'submission') return `You can submit ${capacity} requests per minute. Wait a moment and try again.`
  if (kind === 'credential') return `You can be issued ${capacity} credentials per minute. Wait a moment and try again.`
  if (kind === 'refused') return 'Too many of your attempts were refused. Wait a moment and try again.'
  return 'Too many calls at once. Wait a moment and try again.'
}

/** One replica's buckets. @param now the milliseconds of a monotonic clock */
export function makeLimiter(now: () => number = () => performance.now()): Limiter {
  const buckets = new Map<string, Bucket>()
  let reporting: Promise<void> | undefined
  let timer: NodeJS.Timeout | undefined

  function bucketOf(key: string, size: Size): Bucket {
    const { capacity, perSecond } = size
    const bucket = buckets.get(key) ?? { size, left: capacity, at: now(), unreported: 0 }
    bucket.size = size
    bucket.left = Math.min(capacity, bucket.left + ((now() - bucket.at) / 1000) * perSecond)
    bucket.at = now()
    buckets.set(key, bucket)
    return bucket
  }

  /** Drops full buckets and returns what to report of the others. */
  function collectSpent(): Spent[] {
    const spent: Spent[] = []
    for (const [key, { size, unreported }] of buckets) {
      const { capacity, perSecond } = size
      const bucket = bucketOf(key, size)
      if (bucket.left >= capacity) buckets.delete(key)
      else if (unreported > 0 && capacity - bucket.left >= capacity * reportedShare) {
        spent.push({ key, spent: unreported, capacity, perSecond })
        bucket.unreported = 0
      }
    }
    return spent
  }

  async function report() {
    const spent = collectSpent()
    if (spent.length === 0) return
    try {
      for (const { key, left } of await settleSpent(spent)) {
        const bucket = buckets.get(key)
        if (bucket) bucket.left = Math.min(bucket.left, left - bucket.unreported)
      }
    } catch (error) {
      for (const { key, spent: unreported } of spent) {
        const bucket = buckets.get(key)
        if (bucket) bucket.unreported = Math.min(bucket.unreported + unreported, bucket.size.capacity)
      }
      log.debug({ err: error }, 'the database is unavailable: rate limits apply to this process alone')
    }
  }

  function reportNow() {
    clearTimeout(timer)
    timer = undefined
    reporting ??= report().finally(() => {
      reporting = undefined
      if (buckets.size > 0) reportSoon()
    })
  }

  function reportSoon() {
    timer ??= setTimeout(reportNow, reportEvery).unref()
  }

  function check(kind: LimitKind, owner: string, size: Size = sizes[kind]) {
    const { left } = bucketOf(`${kind} ${owner}`, size)
    if (left >= 1) return
    metrics().rateLimited.inc({ bucket: kind })
    const retryAfterSeconds = Math.ceil((1 - left) / size.perSecond)
    throw new AppError('rate-limited', sentenceOf(kind, size), { retryAfterSeconds })
  }

  function charge(kind: LimitKind, owner: string, size: Size = sizes[kind]) {
    const bucket = bucketOf(`${kind} ${owner}`, size)
    bucket.left -= 1
    bucket.unreported += 1
    if (bucket.unreported >= size.capacity * reportedShare) reportNow()
    else reportSoon()
  }

  return {
    check,
    charge,
    take(kind, owner, size) {
      check(kind, owner, size)
      charge(kind, owner, size)
    },
    settled: async () => {
      await reporting
      await report()
    },
  }
}

const shared = globalThis as typeof globalThis & { posternLimiter?: Limiter }

function limiter(): Limiter {
  shared.posternLimiter ??= makeLimiter()
  return shared.posternLimiter
}

/** Takes one call from a bucket of this process: see Limiter.take(). */
export const takeCall = (kind: LimitKind, owner: string): void => limiter().take(kind, owner)

/** Takes one submission or credential of a person, who has this many per minute: see Limiter.take(). */
export const takePerMinute = (kind: 'submission' | 'credential', personId: string, perMinute: number): void =>
  limiter().take(kind, personId, { capacity: perMinute, perSecond: perMinute / 60 })

/** @throws AppError `rate-limited` for a person with too many refused attempts: the next one is not made, nor recorded */
export const checkRefusals = (personId: string): void => limiter().check('refused', personId)

/** Counts a refused attempt of a person. */
export const countRefusal = (personId: string): void => limiter().charge('refused', personId)

/**
 * The owner of the bucket that an address spends from: the address, or its /64 network for IPv6, where one host has
 * 2^64 addresses (RFC 6177). All callers without a known address share one bucket.
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
