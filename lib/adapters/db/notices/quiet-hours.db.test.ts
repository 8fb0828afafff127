import { afterAll, beforeAll, expect, test } from 'vitest'
import { noticeKinds } from '#lib/core/notices/kinds'
import { testDatabase } from '#testing/database'
import { aPerson } from '#testing/people'
import { aRequest } from '#testing/requests'
import { sqlStateOf } from '../errors.ts'

// When quiet hours end, and how long they can hold a notice: the database decides both, also against the application's own role.

const database = await testDatabase()
afterAll(database.drop)

let person: string
beforeAll(async () => {
  person = (await aPerson()).id
})

type Hours = { from: string; until: string; zone: string; days?: number[] }
const everyDay = [1, 2, 3, 4, 5, 6, 7]
const has = ({ from, until, zone, days = everyDay }: Hours) =>
  database.asApp(
    `INSERT INTO notice_preferences (person_id, quiet_from, quiet_until, quiet_zone, quiet_days) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (person_id) DO UPDATE SET quiet_from = $2, quiet_until = $3, quiet_zone = $4, quiet_days = $5`,
    [person, from, until, zone, days],
  )
async function endAt(instant: string): Promise<string | null> {
  const [row] = await database.asApp<{ ends: Date | null }>('SELECT quiet_hours_end($1, $2) AS ends', [person, instant])
  return row?.ends?.toISOString().slice(0, 16) ?? null
}

test.each<[string, Hours, string, string | null]>([
  [
    'a night, in winter',
    { from: '22:00', until: '07:00', zone: 'Europe/Berlin' },
    '2026-11-27T23:00Z',
    '2026-11-28T06:00',
  ],
  [
    'a night, in summer',
    { from: '22:00', until: '07:00', zone: 'Europe/Berlin' },
    '2026-07-01T23:00Z',
    '2026-07-02T05:00',
  ],
  [
    'its first minute',
    { from: '22:00', until: '07:00', zone: 'Europe/Berlin' },
    '2026-11-27T21:00Z',
    '2026-11-28T06:00',
  ],
  ['the minute before', { from: '22:00', until: '07:00', zone: 'Europe/Berlin' }, '2026-11-27T20:59Z', null],
  ['its end', { from: '22:00', until: '07:00', zone: 'Europe/Berlin' }, '2026-11-28T06:00Z', null],
  [
    'the night of the jump',
    { from: '22:00', until: '07:00', zone: 'Europe/Berlin' },
    '2026-03-28T23:00Z',
    '2026-03-29T05:00',
  ],
  [
    'the night of the fall',
    { from: '22:00', until: '07:00', zone: 'Europe/Berlin' },
    '2026-10-24T22:00Z',
    '2026-10-25T06:00',
  ],
  [
    'an end that is skipped',
    { from: '22:00', until: '02:30', zone: 'Europe/Berlin' },
    '2026-03-29T00:30Z',
    '2026-03-29T01:30',
  ],
  [
    'an end that comes twice',
    { from: '22:00', until: '02:30', zone: 'Europe/Berlin' },
    '2026-10-25T00:45Z',
    '2026-10-25T01:30',
  ],
  ['hours that are skipped', { from: '02:00', until: '03:00', zone: 'Europe/Berlin' }, '2026-03-29T01:00Z', null],
  [
    'the other side of the date line',
    { from: '22:00', until: '07:00', zone: 'Pacific/Auckland' },
    '2026-11-27T10:00Z',
    '2026-11-27T18:00',
  ],
  [
    'an afternoon',
    { from: '13:00', until: '14:00', zone: 'America/New_York' },
    '2026-11-27T18:30Z',
    '2026-11-27T19:00',
  ],
  [
    'a night of Friday',
    { from: '22:00', until: '07:00', zone: 'UTC', days: [5] },
    '2026-11-28T06:59Z',
    '2026-11-28T07:00',
  ],
  ['no night of Saturday', { from: '22:00', until: '07:00', zone: 'UTC', days: [5] }, '2026-11-28T22:30Z', null],
])('quiet hours end on the clock of their time zone: %s', async (_, hours, instant, ends) => {
  await has(hours)
  expect(await endAt(instant)).toBe(ends)
})

test('the database knows every time zone that Settings offers', async () => {
  const unknown: string[] = []
  for (const zone of Intl.supportedValuesOf('timeZone'))
    await has({ from: '22:00', until: '07:00', zone }).catch(() => unknown.push(zone))
  expect(unknown).toEqual([])
})

test.each<[string, Partial<Hours>]>([
  ['24:00', { from: '24:00' }],
  ['no time', { until: 'noon' }],
  ['the whole day', { until: '22:00' }],
  ['no day', { days: [] }],
  ['an eighth day', { days: [8] }],
  ['an unknown zone', { zone: 'Europe/Atlantis' }],
])('the database stores no quiet hours that it cannot compute: %s', async (_, changes) => {
  const state = await has({ from: '22:00', until: '07:00', zone: 'UTC', ...changes }).then(() => 'stored', sqlStateOf)
  expect(['23514', '22023']).toContain(state)
})

const timeIn = (minutes: number) => new Date(Date.now() + minutes * 60_000).toISOString().slice(11, 16)
const areNow = () => has({ from: timeIn(-60), until: timeIn(600), zone: 'UTC' })
let count = 0
async function aNotice(kind: string, channel = 'email'): Promise<string> {
  count += 1
  const [id, event] = [`ntc_quiet_${count}`, `evt_quiet_${count}`]
  const requestId = kind === 'posture-worsened' ? null : (await aRequest()).id
  await database.asOwner(
    `INSERT INTO audit_events (id, type, actor_kind, actor_name, via, reference, request_id, data)
     VALUES ($1, 'credential.issued', 'system', 'test', 'system', 'test', $2, '{}')`,
    [event, requestId],
  )
  await database.asOwner('INSERT INTO outbox (event_id, kind, request_id, due_at) VALUES ($1, $2, $3, now())', [
    ...[event, kind, requestId],
  ])
  await database.asApp(
    'INSERT INTO notices (id, event_id, kind, request_id, channel, recipient) VALUES ($1, $2, $3, $4, $5, $6)',
    [id, event, kind, requestId, channel, person],
  )
  return id
}
const update = (id: string, change: string) =>
  database.asApp(`UPDATE notices SET ${change} WHERE id = $1`, [id]).then(() => 'allowed', sqlStateOf)
const hold = 'notice_hold(kind, channel, recipient, created_at)'
const holdIt = (id: string) =>
  update(id, `held_until = ${hold}, next_attempt_at = coalesce(${hold}, now() + interval '3 hours')`)

test('only these kinds wait for the end of quiet hours, and only as mails', async () => {
  await areNow()
  const held: string[] = []
  for (const kind of noticeKinds) if ((await holdIt(await aNotice(kind))) === 'allowed') held.push(kind)
  expect(held).toEqual([
    ...['request-waits', 'request-reminder', 'comment-added', 'request-decided', 'access-ended', 'review-recorded'],
    'posture-worsened',
  ])
  expect(await holdIt(await aNotice('request-waits', 'webhook'))).toBe('23514')
})

test('the application can hold a notice exactly until quiet hours end, and not for a minute longer', async () => {
  await areNow()
  const id = await aNotice('request-waits')
  expect(await update(id, `held_until = ${hold} + interval '1 minute'`)).toBe('23514')
  expect(await update(id, `next_attempt_at = ${hold}`)).toBe('23514')
  expect(await update(id, `held_until = 'infinity', next_attempt_at = 'infinity'`)).toBe('23514')
  expect(await update(id, `held_until = ${hold}, next_attempt_at = ${hold}`)).toBe('allowed')
  await database.asApp(
    'UPDATE notice_preferences SET quiet_from = NULL, quiet_until = NULL, quiet_zone = NULL, quiet_days = $1',
    [[]],
  )
  expect(await holdIt(await aNotice('request-waits'))).toBe('23514')
})

test('an application that rewrites quiet hours again and again holds a notice for 24 hours at most', async () => {
  await areNow()
  const id = await aNotice('request-waits')
  await database.asOwner(`UPDATE notices SET created_at = now() - interval '23 hours' WHERE id = $1`, [id])
  expect(await holdIt(id)).toBe('allowed')
  const [row] = await database.asApp<{ hours: number }>(
    'SELECT extract(epoch FROM held_until - created_at)::float8 / 3600 AS hours FROM notices WHERE id = $1',
    [id],
  )
  expect(row?.hours).toBe(24)
  await database.asOwner(`UPDATE notices SET created_at = now() - interval '25 hours' WHERE id = $1`, [id])
  await has({ from: timeIn(-120), until: timeIn(900), zone: 'UTC' })
  expect(await holdIt(id)).toBe('23514')
})

test('a merged notice names the one that tells it, and stays merged', async () => {
  const [id, later] = [await aNotice('request-waits'), await aNotice('comment-added')]
  const merge = (into: string) =>
    `outcome = 'merged', merged_into = ${into}, outcome_at = now(), next_attempt_at = NULL`
  expect(await update(id, merge('NULL'))).toBe('23514')
  expect(await update(id, merge('id'))).toBe('23514')
  expect(await update(id, merge(`'${later}'`))).toBe('allowed')
  expect(await update(id, `outcome = NULL, outcome_at = NULL, next_attempt_at = now(), merged_into = NULL`)).toBe(
    '23514',
  )
})
