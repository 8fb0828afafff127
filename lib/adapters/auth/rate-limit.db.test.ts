import { afterAll, afterEach, expect, test } from 'vitest'
import { closeDatabase } from '#lib/adapters/db/client'
import { pruneFullBuckets } from '#lib/adapters/db/people/rate-buckets'
import { AppError } from '#lib/core/access/errors'
import { testDatabase } from '#testing/database'
import { withPatience } from '#testing/patience'
import { startProxy } from '#testing/proxy'
import { type LimitKind, makeLimiter, networkOf } from './rate-limit.ts'

const database = await testDatabase()
const address = new URL(database.appUrl)
const proxy = await startProxy({ host: address.hostname, port: Number(address.port) })
address.port = String(proxy.port)
process.env.DATABASE_URL = withPatience(address.href)
afterEach(() => proxy.mend())
afterAll(async () => {
  await closeDatabase()
  await proxy.stop()
  await database.drop()
})

type Limiter = ReturnType<typeof makeLimiter>

/** Makes this many calls and returns how many of them the limiter allowed. */
function letThrough(limiter: Limiter, kind: LimitKind, owner: string, calls: number): number {
  let count = 0
  for (let call = 0; call < calls; call++) {
    try {
      limiter.take(kind, owner)
      count++
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'rate-limited') throw error
    }
  }
  return count
}

/** A replica whose clock only the test advances, so that nothing refills meanwhile. */
function replica() {
  let ms = 0
  const limiter = makeLimiter(() => ms)
  const pass = (seconds: number) => {
    ms += seconds * 1000
  }
  return { ...limiter, pass }
}

test('calls that one replica allowed count on every other replica, except for at most a tenth of a bucket', async () => {
  const [one, other] = [replica(), replica()]
  expect(letThrough(one, 'sign-in', '192.0.2.1', 1_000)).toBe(600)
  await one.settled()
  const before = letThrough(other, 'sign-in', '192.0.2.1', 60)
  expect(before).toBe(60)
  await other.settled()
  expect(letThrough(other, 'sign-in', '192.0.2.1', 1_000)).toBe(0)
})

test('a busy person or network never spends the bucket of another person or network', async () => {
  const limiter = replica()
  letThrough(limiter, 'unauthenticated', '192.0.2.2', 2_000)
  letThrough(limiter, 'sign-in', '192.0.2.2', 1_000)
  letThrough(limiter, 'person', 'per_busy', 2_000)
  await limiter.settled()
  expect(letThrough(limiter, 'unauthenticated', '192.0.2.3', 1)).toBe(1)
  expect(letThrough(limiter, 'sign-in', '192.0.2.3', 1)).toBe(1)
  expect(letThrough(limiter, 'person', 'per_other', 1)).toBe(1)
  expect(letThrough(limiter, 'person', 'per_busy', 1)).toBe(0)
})

test('a caller over the limit receives the seconds to wait, and is allowed after that', async () => {
  const limiter = replica()
  letThrough(limiter, 'sign-in', '192.0.2.4', 600)
  let retryAfter = 0
  try {
    limiter.take('sign-in', '192.0.2.4')
  } catch (error) {
    retryAfter = (error as AppError).retryAfterSeconds ?? 0
  }
  expect(retryAfter).toBe(1)
  limiter.pass(retryAfter)
  expect(letThrough(limiter, 'sign-in', '192.0.2.4', 9)).toBe(5)
})

test('while the database is unavailable no call waits for it, and each process applies the limits on its own', async () => {
  await proxy.cut()
  const limiter = replica()
  expect(letThrough(limiter, 'sign-in', '192.0.2.5', 1_000)).toBe(600)
  await limiter.settled()
  expect(letThrough(limiter, 'sign-in', '192.0.2.5', 100)).toBe(0)
  // The process reports what it spent once the database is back.
  await proxy.mend()
  await limiter.settled()
  const other = replica()
  letThrough(other, 'sign-in', '192.0.2.5', 60)
  await other.settled()
  expect(letThrough(other, 'sign-in', '192.0.2.5', 10)).toBe(0)
})

test('a few calls per network write nothing to the database, and a bucket that is full again is deleted', async () => {
  const limiter = replica()
  for (let n = 0; n < 2_000; n++) limiter.take('unauthenticated', `198.51.100.${n}`)
  await limiter.settled()
  const rows = () =>
    database.asOwner<{ key: string }>(`SELECT key FROM rate_buckets WHERE key LIKE 'unauthenticated 198.51.%'`)
  expect(await rows()).toEqual([])
  letThrough(limiter, 'unauthenticated', '198.51.100.1', 200)
  await limiter.settled()
  expect(await rows()).toHaveLength(1)
  await pruneFullBuckets()
  expect(await rows()).toHaveLength(1)
  await database.asOwner(`UPDATE rate_buckets SET at = at - interval '1 minute'`)
  await pruneFullBuckets()
  expect(await rows()).toEqual([])
})

test('all IPv6 addresses of one network share a bucket', () => {
  expect(networkOf('2001:db8:1:2:aaaa::1')).toBe('2001:db8:1:2::/64')
  expect(networkOf('2001:0db8:1:2::')).toBe('2001:db8:1:2::/64')
  expect(networkOf('2001:db8::1')).toBe('2001:db8:0:0::/64')
  expect(networkOf('::1')).toBe('0:0:0:0::/64')
  expect(networkOf('fe80::1%eth0')).toBe('fe80:0:0:0::/64')
  expect(networkOf('192.0.2.1')).toBe('192.0.2.1')
  expect(networkOf(null)).toBe('unknown')
})

test('submissions have a bucket of their own, of the configured size, and the sentence says which', () => {
  const limiter = replica()
  const perMinute = (count: number) => ({ capacity: count, perSecond: count / 60 })
  for (let i = 0; i < 5; i++) limiter.take('submission', 'per_1', perMinute(5))
  expect(() => limiter.take('submission', 'per_1', perMinute(5))).toThrow('You can submit 5 requests per minute.')
  limiter.take('submission', 'per_2', perMinute(5))
  limiter.take('person', 'per_1')
  limiter.pass(12)
  limiter.take('submission', 'per_1', perMinute(5))
  expect(() => limiter.take('submission', 'per_1', perMinute(5))).toThrow('Wait a moment')
})
