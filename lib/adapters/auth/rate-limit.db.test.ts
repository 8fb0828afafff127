import { afterAll, afterEach, expect, test } from 'vitest'
import { closeDatabase } from '#lib/adapters/db/client'
import { pruneFullBuckets } from '#lib/adapters/db/people/rate-buckets'
import { AppError } from '#lib/core/access/errors'
import { testDatabase } from '#testing/database'
import { startProxy } from '#testing/proxy'
import { type LimitKind, makeLimiter, networkOf } from './rate-limit.ts'

const database = await testDatabase()
const address = new URL(database.appUrl)
const proxy = await startProxy({ host: address.hostname, port: Number(address.port) })
address.port = String(proxy.port)
process.env.DATABASE_URL = address.href
afterEach(() => proxy.mend())
afterAll(async () => {
  await closeDatabase()
  await proxy.stop()
  await database.drop()
})

type Limiter = ReturnType<typeof makeLimiter>

/** How many of so many calls are let through. */
function letThrough(limiter: Limiter, kind: LimitKind, whose: string, calls: number): number {
  let count = 0
  for (let call = 0; call < calls; call++) {
    try {
      limiter.take(kind, whose)
      count++
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'rate-limited') throw error
    }
  }
  return count
}

/** A replica whose own clock stands still: nothing is refilled but by the test. */
function replica() {
  let ms = 0
  const limiter = makeLimiter(() => ms)
  const pass = (seconds: number) => {
    ms += seconds * 1000
  }
  return { ...limiter, pass }
}

test('what one replica let through, another one does not let through again, but for a tenth', async () => {
  const [one, other] = [replica(), replica()]
  expect(letThrough(one, 'sign-in', '192.0.2.1', 1_000)).toBe(600)
  await one.settled()
  const before = letThrough(other, 'sign-in', '192.0.2.1', 60)
  expect(before).toBe(60)
  await other.settled()
  expect(letThrough(other, 'sign-in', '192.0.2.1', 1_000)).toBe(0)
})

test('nobody spends what is another’s: not another person’s, not another network’s, not that of a person behind it', async () => {
  const limiter = replica()
  letThrough(limiter, 'refused', '192.0.2.2', 2_000)
  letThrough(limiter, 'sign-in', '192.0.2.2', 1_000)
  letThrough(limiter, 'person', 'per_busy', 2_000)
  await limiter.settled()
  expect(letThrough(limiter, 'refused', '192.0.2.3', 1)).toBe(1)
  expect(letThrough(limiter, 'sign-in', '192.0.2.3', 1)).toBe(1)
  expect(letThrough(limiter, 'person', 'per_other', 1)).toBe(1)
  expect(letThrough(limiter, 'person', 'per_busy', 1)).toBe(0)
})

test('who has to wait is told for how long, and then has not waited in vain', async () => {
  const limiter = replica()
  letThrough(limiter, 'sign-in', '192.0.2.4', 600)
  let told = 0
  try {
    limiter.take('sign-in', '192.0.2.4')
  } catch (error) {
    told = (error as AppError).retryAfterSeconds ?? 0
  }
  expect(told).toBe(1)
  limiter.pass(told)
  expect(letThrough(limiter, 'sign-in', '192.0.2.4', 9)).toBe(5)
})

test('while the database is away a call waits for nothing, and each process keeps to its own part', async () => {
  await proxy.cut()
  const limiter = replica()
  const began = performance.now()
  expect(letThrough(limiter, 'sign-in', '192.0.2.5', 1_000)).toBe(600)
  expect(performance.now() - began).toBeLessThan(500)
  await limiter.settled()
  expect(letThrough(limiter, 'sign-in', '192.0.2.5', 100)).toBe(0)
  // What could not be told is told when it is back.
  await proxy.mend()
  await limiter.settled()
  const other = replica()
  letThrough(other, 'sign-in', '192.0.2.5', 60)
  await other.settled()
  expect(letThrough(other, 'sign-in', '192.0.2.5', 10)).toBe(0)
})

test('a call or two of many networks leave nothing in the database, and a bucket that is full again leaves it', async () => {
  const limiter = replica()
  for (let n = 0; n < 2_000; n++) limiter.take('refused', `198.51.100.${n}`)
  await limiter.settled()
  const rows = () => database.asOwner<{ key: string }>(`SELECT key FROM rate_buckets WHERE key LIKE 'refused 198.51.%'`)
  expect(await rows()).toEqual([])
  letThrough(limiter, 'refused', '198.51.100.1', 200)
  await limiter.settled()
  expect(await rows()).toHaveLength(1)
  await pruneFullBuckets()
  expect(await rows()).toHaveLength(1)
  await database.asOwner(`UPDATE rate_buckets SET at = at - interval '1 minute'`)
  await pruneFullBuckets()
  expect(await rows()).toEqual([])
})

test('an IPv6 host cannot take a new bucket for each of its addresses', () => {
  expect(networkOf('2001:db8:1:2:aaaa::1')).toBe('2001:db8:1:2::/64')
  expect(networkOf('2001:0db8:1:2::')).toBe('2001:db8:1:2::/64')
  expect(networkOf('2001:db8::1')).toBe('2001:db8:0:0::/64')
  expect(networkOf('::1')).toBe('0:0:0:0::/64')
  expect(networkOf('fe80::1%eth0')).toBe('fe80:0:0:0::/64')
  expect(networkOf('192.0.2.1')).toBe('192.0.2.1')
  expect(networkOf(null)).toBe('unknown')
})
