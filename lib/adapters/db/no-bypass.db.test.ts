import { afterAll, expect, test } from 'vitest'
import { testDatabase } from '#testing/database'
import { aPerson } from '#testing/people'
import { aDecision, aRequest } from '#testing/requests'
import { sqlStateOf } from './errors.ts'

// Writes that the database refuses to the application's own role, so that neither a bug nor someone with its password
// can make them.

const database = await testDatabase()
afterAll(database.drop)

/** The SQLSTATE with which the application's role was refused; `allowed` if it was not. */
const refusalOf = (sql: string, values: unknown[] = []): Promise<string | undefined> =>
  database.asApp(sql, values).then(() => 'allowed', sqlStateOf)

const event = (column: string, value: string) =>
  `INSERT INTO audit_events (${column}, id, type, actor_kind, actor_name, via, reference, data)
   VALUES (${value}, 'evt_x', 'request.lapsed', 'system', 'x', 'system', 'x', '{}')`

test('the application cannot choose the time or the number of an event', async () => {
  expect(await refusalOf(event('at', `'2026-01-01T00:00:00Z'`))).toBe('42501')
  expect(await refusalOf(event('seq', '1'))).toBe('42501')
})

test('the database refuses a decision by the requester', async () => {
  const requester = await aPerson({ groups: ['payments-dev', 'payments-leads'] })
  const request = await aRequest({ requester })
  await expect(aDecision(request, requester)).rejects.toThrow(/a requester cannot decide their own request/)
})

test('the database accepts a grant only for an approved request and with the approved terms', async () => {
  const insert = `INSERT INTO grants (id, request_id, cluster, duration_seconds) VALUES ('grt_x', $1, $2, $3)`
  const pending = await aRequest()
  expect(await refusalOf(insert, [pending.id, 'prod-eu', pending.durationSeconds])).toBe('23514')
  const { id, durationSeconds } = await aRequest({ status: 'approved' })
  expect(await refusalOf(insert, [id, 'staging', durationSeconds])).toBe('23514')
  expect(await refusalOf(insert, [id, 'prod-eu', durationSeconds + 1])).toBe('23514')
  expect(await refusalOf(insert, [id, 'prod-eu', durationSeconds])).toBe('allowed')
})

test.each([
  'CREATE TABLE own (id int)',
  'CREATE TEMP TABLE own (id int)',
  'CREATE SCHEMA own',
  `CREATE FUNCTION own() RETURNS int LANGUAGE sql AS 'SELECT 1'`,
  `SELECT lo_creat(-1)`,
  `SELECT lo_create(0)`,
  `SELECT lo_from_bytea(0, 'x')`,
  `COMMENT ON TABLE requests IS 'x'`,
  `CREATE TRIGGER own BEFORE INSERT ON requests FOR EACH ROW EXECUTE FUNCTION wake_worker()`,
])('the application can leave nothing behind in the database but rows: %s', async (sql) => {
  expect(await refusalOf(sql)).toBe('42501')
})

test('every guard of the database finds its tables by a search path of its own', async () => {
  const found = await database.asOwner(
    `SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prorettype = 'trigger'::regtype
       AND proconfig IS DISTINCT FROM ARRAY['search_path=public, pg_temp']`,
  )
  expect(found).toEqual([])
})

test('a temporary table does not stand in for the table that a guard reads', async () => {
  // As in a database whose owner has granted it again.
  await database.asOwner(`GRANT TEMPORARY ON DATABASE "${database.name}" TO postern_app`)
  const requester = await aPerson({ groups: ['payments-dev', 'payments-leads'] })
  const { id } = await aRequest({ requester })
  const decision = `INSERT INTO public.decisions (id, request_id, person_id, decision, digest, result)
    VALUES ('dec_x', '${id}', '${requester.id}', 'approve', 'x', 'x')`
  expect(await refusalOf(`CREATE TEMP TABLE requests (id text, requester_id text); ${decision}`)).toBe('23514')
})

test('the identity of a person and the terms of a request cannot be changed', async () => {
  const { id } = await aPerson()
  expect(await refusalOf(`UPDATE people SET subject = 'somebody-else' WHERE id = $1`, [id])).toBe('23514')
  const request = await aRequest()
  expect(await refusalOf(`UPDATE requests SET cluster_role = 'admin' WHERE id = $1`, [request.id])).toBe('23514')
  expect(await refusalOf(`UPDATE requests SET starts_at = now() WHERE id = $1`, [request.id])).toBe('23514')
})
