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

/** Expects SQLSTATE 42501: not allowed, by a missing privilege or by a trigger. */
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

  test.each(Object.entries(columns))(`the ${role} role cannot UPDATE %s`, async (table, column) => {
    await expectNotAllowed(run(`UPDATE ${table} SET ${column} = ${column}`))
  })

  test.each(Object.keys(columns))(`the ${role} role cannot DELETE from %s`, async (table) => {
    await expectNotAllowed(run(`DELETE FROM ${table}`))
  })

  test.each(['audit_events', 'decisions'])(`the ${role} role cannot TRUNCATE %s`, async (table) => {
    await expectNotAllowed(run(`TRUNCATE ${table}`))
    await expectNotAllowed(run(`TRUNCATE ${table} CASCADE`))
  })

  test(`the ${role} role cannot change an event by an upsert`, async () => {
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
  ])('the application’s role may not run %s', async (sql) => {
    await expectNotAllowed(database.asApp(sql))
  })

  test('the application’s role has no special privileges', async () => {
    const [role] = await database.asApp<Record<string, boolean>>(
      'SELECT rolsuper, rolcreaterole, rolcreatedb, rolbypassrls, rolreplication FROM pg_roles WHERE rolname = current_user',
    )
    expect(Object.values(role ?? { none: true })).toEqual([false, false, false, false, false])
  })
})

test('events of one transaction are numbered in the order in which they were recorded', async () => {
  const actor = aSystemActor()
  await transaction(async (tx) => {
    for (let i = 0; i < 5; i++)
      await recordEvent(tx, { type: 'request.lapsed', actor, data: {}, about: { grantId: `g${i}` } })
  })
  const events = await db().auditEvent.findMany({ where: { actorName: 'worker' }, orderBy: { seq: 'desc' }, take: 5 })
  expect(events.map(({ grantId }) => grantId)).toEqual(['g4', 'g3', 'g2', 'g1', 'g0'])
})

test('an event with a field that its schema does not have fails its transaction', async () => {
  const data = { token: 'eyJhbGciOi' }
  const write = transaction(async (tx) => {
    await tx.worker.create({ data: { id: 'beside' } })
    await recordEvent(tx, { type: 'request.lapsed', actor: aSystemActor(), data } as never)
  })
  await expect(write).rejects.toThrow(/Unrecognized key/)
  expect(await db().worker.count({ where: { id: 'beside' } })).toBe(0)
})
