import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { db, transaction } from '#lib/adapters/db/client'
import { sqlStateOf } from '#lib/adapters/db/errors'
import { testDatabase } from '#testing/database'
import { aPerson, aSystemActor } from '#testing/people'
import { aDecision, aGrant, aRequest } from '#testing/requests'
import { recordEvent } from './audit.ts'

const database = await testDatabase()
afterAll(database.drop)

beforeAll(async () => {
  const request = await aRequest()
  await aDecision(request, await aPerson({ groups: ['payments-leads'] }))
  await aGrant()
  await transaction((tx) =>
    recordEvent(tx, { type: 'request.lapsed', actor: aSystemActor(), data: {}, about: { requestId: request.id } }),
  )
})

const asRole = { app: database.asApp, owner: database.asOwner }

/** SQLSTATE 42501: not allowed, whether by missing privilege or by trigger. */
async function expectNotAllowed(call: Promise<unknown>) {
  const error = await call.then(
    () => new Error('it was allowed'),
    (reason: unknown) => reason,
  )
  expect(sqlStateOf(error), String(error)).toBe('42501')
}

describe.each(['app', 'owner'] as const)('history is permanent for the %s role', (role) => {
  const run = asRole[role]
  const columns = {
    audit_events: 'type',
    decisions: 'note',
    policy_versions: 'document',
    entitlement_versions: 'document',
  }

  test.each(Object.entries(columns))('UPDATE of %s is refused', async (table, column) => {
    await expectNotAllowed(run(`UPDATE ${table} SET ${column} = ${column}`))
  })

  test.each(Object.keys(columns))('DELETE from %s is refused', async (table) => {
    await expectNotAllowed(run(`DELETE FROM ${table}`))
  })

  test.each(['audit_events', 'decisions'])('TRUNCATE of %s is refused', async (table) => {
    await expectNotAllowed(run(`TRUNCATE ${table}`))
    await expectNotAllowed(run(`TRUNCATE ${table} CASCADE`))
  })

  test('an upsert does not change an event either', async () => {
    const upsert = `INSERT INTO audit_events (id, type, actor_kind, actor_name, via, reference, data)
      SELECT id, 'x', 'system', 'x', 'system', 'x', '{}' FROM audit_events LIMIT 1
      ON CONFLICT (id) DO UPDATE SET type = 'x'`
    await expectNotAllowed(run(upsert))
  })
})

describe('the application’s role', () => {
  test.each([
    'ALTER TABLE audit_events DISABLE TRIGGER ALL',
    'ALTER TABLE audit_events ADD COLUMN x int',
    'DROP TABLE audit_events',
    'DROP TRIGGER audit_events_are_permanent ON audit_events',
    'CREATE OR REPLACE FUNCTION refuse_change_of_history() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$',
    'CREATE TABLE mine (x int)',
    'CREATE SCHEMA mine',
    'SET session_replication_role = replica',
    'SET ROLE postern_owner',
    "COPY audit_events TO PROGRAM 'cat'",
    'DELETE FROM requests',
    'DELETE FROM grants',
    'DELETE FROM grant_objects',
    'DELETE FROM credentials',
    'UPDATE credentials SET expires_at = now()',
    'DELETE FROM people',
    'TRUNCATE grants CASCADE',
    'DELETE FROM _prisma_migrations',
    "SELECT setval('audit_events_seq_seq', 1)",
  ])('may not: %s', async (sql) => {
    await expectNotAllowed(database.asApp(sql))
  })

  test('sees no other database’s data and is no superuser', async () => {
    const [role] = await database.asApp<Record<string, boolean>>(
      'SELECT rolsuper, rolcreaterole, rolcreatedb, rolbypassrls, rolreplication FROM pg_roles WHERE rolname = current_user',
    )
    expect(Object.values(role ?? { none: true })).toEqual([false, false, false, false, false])
  })
})

test('events of one transaction have its order, and a number that only grows', async () => {
  const actor = aSystemActor()
  await transaction(async (tx) => {
    for (let i = 0; i < 5; i++)
      await recordEvent(tx, { type: 'request.lapsed', actor, data: {}, about: { grantId: `g${i}` } })
  })
  const events = await db().auditEvent.findMany({ where: { actorName: 'worker' }, orderBy: { seq: 'desc' }, take: 5 })
  expect(events.map(({ grantId }) => grantId)).toEqual(['g4', 'g3', 'g2', 'g1', 'g0'])
})

test('an event with data that its type does not name is not recorded, and fails its transaction', async () => {
  const data = { token: 'eyJhbGciOi' }
  const write = transaction(async (tx) => {
    await tx.worker.create({ data: { id: 'beside' } })
    await recordEvent(tx, { type: 'request.lapsed', actor: aSystemActor(), data } as never)
  })
  await expect(write).rejects.toThrow(/Unrecognized key/)
  expect(await db().worker.count({ where: { id: 'beside' } })).toBe(0)
})
