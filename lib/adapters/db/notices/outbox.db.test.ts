import { afterAll, expect, test } from 'vitest'
import { noticeKinds } from '#lib/core/notices/kinds'
import { testDatabase } from '#testing/database'
import { aRequest } from '#testing/requests'
import { sqlStateOf } from '../errors.ts'

const database = await testDatabase()
afterAll(database.drop)

const refusalOf = (sql: string, values: unknown[] = []): Promise<string | undefined> =>
  database.asApp(sql, values).then(() => 'allowed', sqlStateOf)

let count = 0
/** Records an event straight in the database, as the application's role. */
async function anEvent(type: string, data: object = {}): Promise<{ id: string; requestId: string }> {
  count += 1
  const id = `evt_test_${count}`
  const { id: requestId } = await aRequest()
  await database.asApp(
    `INSERT INTO audit_events (id, type, actor_kind, actor_name, via, reference, request_id, data)
     VALUES ($1, $2, 'system', 'test', 'system', 'test', $3, $4)`,
    [id, type, requestId, data],
  )
  return { id, requestId }
}

const kindsOf = async (id: string) =>
  (await database.asApp<{ kind: string }>('SELECT kind FROM outbox WHERE event_id = $1 ORDER BY kind', [id])).map(
    ({ kind }) => kind,
  )

const inMinutes = (minutes: number) => ({ expiresAt: new Date(Date.now() + minutes * 60_000).toISOString() })

test('the database knows the same kinds of notices as the code', async () => {
  const [row] = await database.asOwner<{ source: string }>(
    `SELECT pg_get_constraintdef(oid) AS source FROM pg_constraint WHERE conname = 'outbox_kind'`,
  )
  const kinds = [...(row?.source ?? '').matchAll(/'([a-z-]+)'/g)].map(([, kind]) => kind)
  expect(kinds.sort()).toEqual([...noticeKinds].sort())
})

test.each([
  ['request.submitted', {}, ['request-waits']],
  ['request.reminded', {}, ['request-reminder']],
  ['request.escalated', {}, ['request-escalated']],
  ['request.handed-over', {}, ['request-handed-over']],
  ['request.approved', { automatic: false }, ['request-decided']],
  ['request.denied', {}, ['request-decided']],
  ['request.withdrawn', {}, ['request-decided']],
  ['request.lapsed', {}, ['request-decided']],
  ['grant.active', inMinutes(30), ['access-began', 'access-ends-soon']],
  ['grant.active', inMinutes(10), ['access-began']],
  ['grant.failed', {}, ['begin-failed']],
  ['grant.ending', { endedBy: 'revocation' }, ['access-revoked', 'end-failed']],
  ['grant.ending', { endedBy: 'ineligible' }, ['access-revoked', 'end-failed']],
  ['grant.ending', { endedBy: 'expiry' }, ['end-failed']],
  ['grant.ending', { endedBy: 'release' }, ['end-failed']],
  ['grant.ending', { endedBy: 'superseded' }, ['end-failed']],
  ['grant.ended', { endedBy: 'expiry' }, ['access-ended']],
  ['grant.ended', { endedBy: 'superseded' }, []],
  ['activity.suspicious', {}, ['suspicious-call']],
  ['credential.issued', {}, []],
])('an event %s %j and its outbox entries are written together', async (type, data, kinds) => {
  const { id } = await anEvent(type, data)
  expect(await kindsOf(id)).toEqual(kinds)
})

test('new high risks of standing access have an outbox entry without a request', async () => {
  await database.asApp(
    `INSERT INTO audit_events (id, type, actor_kind, actor_name, via, reference, cluster, data)
     VALUES ('evt_posture', 'posture.worsened', 'system', 'test', 'system', 'test', 'prod-eu', '{}')`,
  )
  const rows = await database.asApp('SELECT kind, request_id FROM outbox WHERE event_id = $1', ['evt_posture'])
  expect(rows).toEqual([{ kind: 'posture-worsened', request_id: null }])
})

test('the application can add no outbox entry, and can change or delete none', async () => {
  const { id } = await anEvent('request.submitted')
  const insert = `INSERT INTO outbox (event_id, kind, request_id, due_at) VALUES ('evt_x', 'request-waits', 'req_x', now())`
  expect(await refusalOf(insert)).toBe('42501')
  for (const change of [`kind = 'access-ended'`, `request_id = 'req_x'`, `event_id = 'evt_x'`])
    expect(await refusalOf(`UPDATE outbox SET ${change} WHERE event_id = $1`, [id])).toBe('42501')
  expect(await refusalOf('DELETE FROM outbox')).toBe('42501')
})

test('the application can add a notice only for an outbox entry, and change nothing but its delivery', async () => {
  const { id, requestId } = await anEvent('request.submitted')
  const insert = `INSERT INTO notices (id, event_id, kind, request_id, channel, recipient)
    VALUES ($1, $2, 'request-waits', $3, 'email', 'per_x')`
  expect(await refusalOf(insert, ['ntc_a', 'evt_unknown', requestId])).toBe('23503')
  expect(await refusalOf(insert, ['ntc_a', id, requestId])).toBe('allowed')
  // The same recipient is notified once.
  expect(await refusalOf(insert, ['ntc_b', id, requestId])).toBe('23505')
  for (const change of [`recipient = 'per_y'`, `channel = 'webhook'`, `kind = 'access-ended'`, `request_id = 'req_x'`])
    expect(await refusalOf(`UPDATE notices SET ${change}`)).toBe('42501')
  expect(await refusalOf('DELETE FROM notices')).toBe('42501')
  expect(await refusalOf(`UPDATE notices SET next_attempt_at = now() + interval '1 day'`)).toBe('23514')
  expect(await refusalOf(`UPDATE notices SET lease_until = now() + interval '1 day'`)).toBe('23514')
  expect(await refusalOf(`UPDATE notices SET outcome = 'sent', outcome_at = now(), next_attempt_at = NULL`)).toBe(
    'allowed',
  )
  expect(await refusalOf(`UPDATE notices SET outcome = NULL, outcome_at = NULL, next_attempt_at = now()`)).toBe('23514')
})
