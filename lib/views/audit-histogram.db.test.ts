import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { countPastEvents } from '#lib/adapters/db/audit/audit-counts'
import { db } from '#lib/adapters/db/client'
import { sqlStateOf } from '#lib/adapters/db/errors'
import { testDatabase } from '#testing/database'
import { companyActors } from '#testing/people'
import { auditHistogram } from './audit-histogram.ts'

// Three years of events, counted by hour and day, and the same events counted one by one.

const database = await testDatabase()
afterAll(database.drop)
const { ines } = await companyActors('ines')
const dayMs = 86_400_000
const daysAgo = (days: number) => new Date(Date.now() - days * dayMs).toISOString()

beforeAll(async () => {
  await database.asOwner(`
    INSERT INTO audit_events (id, at, type, actor_kind, actor_name, via, reference, cluster, data)
    SELECT 'e' || i, clock_timestamp() - i * interval '3 hours 7 minutes', (ARRAY['grant.active', 'grant.ended'])[1 + i % 2],
      'system', 'worker', 'system', 'x', (ARRAY['prod-eu', 'staging', NULL])[1 + i % 3], '{}'
    FROM generate_series(0, 8000) AS i ORDER BY i DESC`)
})

const countOf = async (filter: object, from: string, to: string) => {
  const [row] = await database.asOwner<{ count: string }>(
    `SELECT count(*) FROM audit_events WHERE at >= $1 AND at < $2 AND ($3::text IS NULL OR cluster = $3)
      AND ($4::text IS NULL OR type = $4)`,
    [from, to, (filter as { cluster?: string }).cluster ?? null, (filter as { type?: string }).type ?? null],
  )
  return Number(row?.count)
}

async function expectSameCounts(filter: { cluster?: string; type?: string; from?: string; to?: string }) {
  const parts = await auditHistogram(ines, filter)
  expect(parts.length).toBeLessThanOrEqual(56)
  expect(parts.length).toBeGreaterThan(27)
  for (const [index, { from, to, count }] of parts.entries()) {
    expect(from).toBe(parts[index - 1]?.to ?? from)
    // The first bar begins with a whole hour or day, and contains only what the filter does.
    const low = filter.from && filter.from > from ? filter.from : from
    expect(count, `${from} to ${to}`).toBe(await countOf(filter, low, to))
  }
}

const filters = [
  {},
  { cluster: 'prod-eu' },
  { type: 'grant.ended' },
  { cluster: 'staging', type: 'grant.active' },
  { from: daysAgo(20.3), to: daysAgo(3.7) },
  { from: daysAgo(700.3), to: daysAgo(100.1), cluster: 'staging' },
]

describe('the histogram of a long range', () => {
  test.each(filters)('before anything is counted, each bar has its events: %j', expectSameCounts)

  test.each(filters)('after the past is counted, each bar has its events: %j', async (filter) => {
    await countPastEvents()
    expect(await db().auditCount.count()).toBeGreaterThan(8_000)
    await expectSameCounts(filter)
  })

  test('what is counted can be computed again from the events', async () => {
    await countPastEvents()
    const again = await database.asOwner(`
      SELECT span, start, cluster, type, count FROM audit_counts
      EXCEPT SELECT span, date_trunc(span, at), coalesce(cluster, ''), type, count(*) FROM audit_events,
        (VALUES ('hour'), ('day')) AS spans(span) GROUP BY 1, 2, 3, 4`)
    expect(again).toEqual([])
  })

  test('the database refuses to count an hour that is not over, which would hide the events up to then', async () => {
    const insert = `INSERT INTO audit_counts VALUES ('hour', date_trunc('hour', now()), '', 'grant.active', 1)`
    const error = await database.asApp(insert).catch((reason: unknown) => reason)
    expect(sqlStateOf(error)).toBe('23514')
  })
})
