import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { openClient, startPostgres } from '#local/parts/postgres'
import { checkout } from '#local/processes/places'
import { openRun } from '#local/processes/processes'

// A server of its own, because the roles and their settings belong to all databases of a server.

const run = await openRun({ name: 'leaked-database-url' })
afterAll(() => run.stop())
const { adminUrl, ownerUrl, appUrl } = await startPostgres(run, {
  directory: join(run.directory, 'postgres'),
  durable: false,
  settings: ['max_prepared_transactions=2'],
})

const connect = async (url: string, change: { database?: string; password?: string } = {}) => {
  const client = openClient(
    Object.assign(new URL(url), {
      ...(change.database ? { pathname: `/${change.database}` } : {}),
      ...(change.password ? { password: change.password } : {}),
    }).href,
  )
  await client.connect()
  return client
}

/** The statements of one SQL block of docs/running.md, without psql's own commands. */
function statementsAfter(heading: string): string[] {
  const [, section = ''] = readFileSync(join(checkout, 'docs/running.md'), 'utf8').split(`${heading}\n`)
  const [, block = ''] = /```sql\n([\s\S]*?)```/.exec(section) ?? []
  return block.split('\n').filter((line) => line !== '' && !line.startsWith('\\'))
}

test('the documented statements remove what someone with DATABASE_URL can leave behind', async () => {
  const admin = await connect(adminUrl, { database: 'postern' })
  // As in a database whose functions for large objects were never closed.
  await admin.query('GRANT EXECUTE ON FUNCTION lo_create(oid) TO PUBLIC')
  const attacker = await connect(appUrl)
  await attacker.query('SELECT lo_create(0)')
  await attacker.query(`BEGIN; SELECT pg_advisory_xact_lock(1); PREPARE TRANSACTION 'stuck'`)
  await attacker.query(`ALTER ROLE postern_app SET statement_timeout = '1ms'`)
  await attacker.query(`ALTER ROLE postern_app IN DATABASE postern SET search_path = 'nowhere'`)
  await attacker.query(`ALTER ROLE postern_app PASSWORD 'attacker'`)

  for (const statement of statementsAfter('### If DATABASE_URL may have leaked')) {
    const { rows } = await admin.query(statement.replace('…', 'new'))
    for (const { format } of rows) if (format) await admin.query(format)
  }

  await expect(attacker.query('SELECT 1')).rejects.toThrow()
  await expect(connect(appUrl, { password: 'attacker' })).rejects.toMatchObject({ code: '28P01' })
  const left = await admin.query(`SELECT
    (SELECT count(*)::int FROM pg_largeobject_metadata) AS objects,
    (SELECT count(*)::int FROM pg_prepared_xacts) AS prepared,
    (SELECT count(*)::int FROM pg_db_role_setting WHERE setrole = 'postern_app'::regrole) AS settings`)
  expect(left.rows).toEqual([{ objects: 0, prepared: 0, settings: 0 }])
  const app = await connect(appUrl, { password: 'new' })
  expect((await app.query('SHOW search_path')).rows).toEqual([{ search_path: '"$user", public' }])
  await Promise.all([app.end(), admin.end()])
})

test('the documented set-up and the migrations let the application create nothing, not even for one connection', async () => {
  const admin = await connect(adminUrl)
  const [create] = statementsAfter('## Database').filter((line) => line.startsWith('CREATE DATABASE'))
  await admin.query((create ?? '').replace('postern ', 'fresh '))
  const inside = await connect(adminUrl, { database: 'fresh' })
  for (const line of statementsAfter('## Database').filter((one) => one.startsWith('REVOKE'))) await inside.query(line)
  const { migrate } = await import('../../prisma/migrate.mjs')
  await migrate(Object.assign(new URL(ownerUrl), { pathname: '/fresh' }).href, 'prisma/migrations', () => {})
  const may = await inside.query(`SELECT has_database_privilege('postern_app', 'fresh', 'TEMPORARY') AS temporary,
    has_database_privilege('postern_app', 'fresh', 'CREATE') AS schema,
    has_schema_privilege('postern_app', 'public', 'CREATE') AS tables,
    has_function_privilege('postern_app', 'lo_creat(integer)', 'EXECUTE') AS creat,
    has_function_privilege('postern_app', 'lo_create(oid)', 'EXECUTE') AS "create",
    has_function_privilege('postern_app', 'lo_from_bytea(oid, bytea)', 'EXECUTE') AS bytea`)
  expect(Object.entries(may.rows[0]).filter(([, allowed]) => allowed)).toEqual([])
  await Promise.all([inside.end(), admin.end()])
})
