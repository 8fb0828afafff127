import { afterAll, beforeAll, expect, test } from 'vitest'
import type { CallFilter } from '#lib/core/access/activity-resource'
import { testDatabase } from '#testing/database'
import { aPerson, asActor } from '#testing/people'
import { statementsOf } from '#testing/statements'
import { callsOverTime } from './calls-over-time.ts'
import { listActivity } from './list-activity.ts'

// Calls of a year in two clusters, each fifth refused with 403 and each seventh with 401.

const database = await testDatabase()
afterAll(database.drop)
const auditor = asActor(await aPerson(), ['auditor'])
const end = new Date('2026-11-20T10:00:00Z')
const hoursBefore = (hours: number) => new Date(end.getTime() - hours * 3_600_000).toISOString()

beforeAll(async () => {
  await database.asOwner(`
    INSERT INTO activity_sources (key, cluster, account) SELECT gen_random_uuid(), c, 'mina' FROM unnest(ARRAY['prod-eu', 'staging']) c`)
  await database.asOwner(
    `INSERT INTO activity (source_id, call, is_start, audit_id, kind, at, ended_at, code, verb, api_group, resource, subresource,
      namespace, name, path)
    SELECT s.id, gen_random_uuid(), false, 'x', 'grant', t, t, CASE WHEN i % 5 = 0 THEN 403 WHEN i % 7 = 0 THEN 401 ELSE 200 END,
      'list', '', 'pods', '', 'payments', '', ''
    FROM generate_series(1, 100000) AS i JOIN activity_sources s ON s.cluster = CASE i % 3 WHEN 0 THEN 'staging' ELSE 'prod-eu' END,
      LATERAL (SELECT $1::timestamptz - i * interval '5 minutes' AS t) AS times`,
    [end],
  )
  await database.asOwner('ANALYZE activity; ANALYZE activity_sources')
})

const periods = [
  { from: hoursBefore(24), to: end.toISOString() },
  { from: hoursBefore(24), to: end.toISOString(), cluster: 'staging' },
  { from: hoursBefore(31.7), to: hoursBefore(2.9) },
  { from: hoursBefore(0.5), to: new Date(Date.parse(hoursBefore(0.5)) + 601_007).toISOString() },
]

test.each(periods)('every part of a time has exactly the calls that its links list: %j', async (filter) => {
  const parts = await callsOverTime(auditor, filter)
  expect(parts.length).toBeLessThanOrEqual(48)
  expect(parts.at(0)?.from).toBe(filter.from)
  expect(parts.at(-1)?.to).toBe(filter.to)
  expect(parts.reduce((sum, one) => sum + one.allowed + one.unidentified + one.forbidden, 0)).toBeGreaterThan(1)
  for (const [index, { from, to, allowed, unidentified, forbidden }] of parts.entries()) {
    expect(from).toBe(parts[index - 1]?.to ?? from)
    const listed = async (only: CallFilter) =>
      (await listActivity(auditor, { ...filter, from, to, ...only, limit: 100 })).items.length
    const counts = await Promise.all([listed({ refused: 'no' }), listed({ code: 401 }), listed({ code: 403 })])
    expect([allowed, unidentified, forbidden], from).toEqual(counts)
  }
})

test('a time without calls, one that ends before it begins and one before 1970 have no parts', async () => {
  expect(await callsOverTime(auditor, { from: hoursBefore(-1), to: hoursBefore(-2) })).toEqual([])
  expect(await callsOverTime(auditor, { from: hoursBefore(-2), to: hoursBefore(-1) })).toEqual([])
  expect(await callsOverTime(auditor, { from: '1960-01-01T00:00:00Z', to: '1961-01-01T00:00:00Z' })).toEqual([])
  expect(await callsOverTime(auditor, { from: hoursBefore(-9_000_000) })).toEqual([])
})

test('only auditors and admins can read it', async () => {
  await expect(callsOverTime(asActor(await aPerson()), { from: hoursBefore(1) })).rejects.toMatchObject({
    code: 'not-found',
  })
})

test('a day among a hundred thousand calls is read by the index of their times', async () => {
  const [period] = periods
  const statements = await statementsOf(async () => callsOverTime(auditor, period ?? { from: '' }))
  const statement = statements.find((one) => one.includes('AS part')) ?? ''
  const values = [period?.from, 1_800_000, period?.from, period?.to]
  const plan = await database.asOwner<{ 'QUERY PLAN': string }>(`EXPLAIN ${statement}`, values)
  expect(plan.map((line) => line['QUERY PLAN']).join('\n')).toMatch(/activity_at_idx/)
  expect(plan.map((line) => line['QUERY PLAN']).join('\n')).not.toMatch(/Seq Scan on activity /)
})
