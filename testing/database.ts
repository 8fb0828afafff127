import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import pg from 'pg'
import { closeDatabase } from '#lib/adapters/db/client'
import type { Parts } from '#local/parts/parts'
import { createDatabase } from '#local/parts/postgres'
import { withPatience } from './patience.ts'

export type TestDatabase = {
  name: string
  /** As `postern_app`, which is what lib/adapters/db uses. */
  appUrl: string
  /** As `postern_owner`, which migrations use. */
  ownerUrl: string
  /** As the superuser of the test server. */
  adminUrl: string
  /** Runs SQL as the owner of the database and returns its rows. */
  asOwner<Row extends pg.QueryResultRow>(sql: string, values?: unknown[]): Promise<Row[]>
  /** Runs SQL as the application's role and returns its rows. */
  asApp<Row extends pg.QueryResultRow>(sql: string, values?: unknown[]): Promise<Row[]>
  /** How many connections of the application wait for a lock in this database. */
  lockWaits(): Promise<number>
  /** The time zone of connections that are opened from now on and don't set their own. */
  setTimeZone(zone: string): Promise<void>
  /** Ends lib/adapters/db's connections and removes the database. */
  drop(): Promise<void>
}

/** The parts that the set-up started; only PostgreSQL, if the tests need no more. */
export function testParts(): Parts {
  const file = process.env.POSTERN_PARTS || process.env.POSTERN_TEST_DATABASE
  if (!file) throw new Error('no parts: run this under vitest, or set POSTERN_PARTS (npm run parts)')
  return JSON.parse(readFileSync(file, 'utf8')) as Parts
}

const onDatabase = (url: string, name: string) => Object.assign(new URL(url), { pathname: `/${name}` }).href

/** Runs SQL as one role, over connections that are kept until `end`. */
function runner(connectionString: string) {
  const pool = new pg.Pool({ connectionString, max: 4 })
  // A test may end connections on purpose.
  pool.on('error', () => {})
  const run = async <Row extends pg.QueryResultRow>(sql: string, values: unknown[] = []): Promise<Row[]> =>
    (await pool.query<Row>(sql, values)).rows
  return { run, end: () => pool.end() }
}

/** An Ed25519 key that was made for tests: 32 equal bytes. */
const testLogKey = `-----BEGIN PRIVATE KEY-----\n${Buffer.concat([
  Buffer.from('302e020100300506032b657004220420', 'hex'),
  Buffer.alloc(32, 7),
]).toString('base64')}\n-----END PRIVATE KEY-----\n`

/** What lib/env.ts needs in addition to the database; a variable that is set stays as it is. */
const environment = {
  POSTERN_CONFIG: '/nonexistent/postern.yaml',
  POSTERN_OIDC_CLIENT_SECRET: 'a-client-secret-for-tests-only',
  POSTERN_SESSION_SECRET: 'a-session-secret-for-tests-only-0123456789abcdef',
  POSTERN_SIGNING_KEY: 'a-signing-key-for-tests-only-0123456789abcdef',
  POSTERN_LOG_KEY: testLogKey,
  POSTERN_ROLE: 'all',
  LOG_LEVEL: 'silent',
}

/**
 * A migrated database of this test file's own, and an environment in which lib/adapters/db uses it as the application's
 * role. Call it once per file, at the top: `const database = await testDatabase(); afterAll(database.drop)`.
 */
export async function testDatabase(): Promise<TestDatabase> {
  const { postgres } = testParts()
  const name = `test_${randomBytes(6).toString('hex')}`
  const admin = new pg.Client({ connectionString: postgres.adminUrl })
  await admin.connect()
  try {
    await createDatabase(admin, name, postgres.template)
  } finally {
    await admin.end()
  }
  const appUrl = onDatabase(postgres.appUrl, name)
  const ownerUrl = onDatabase(postgres.ownerUrl, name)
  const [owner, app] = [runner(ownerUrl), runner(appUrl)]
  for (const [key, value] of Object.entries(environment)) process.env[key] ??= value
  process.env.DATABASE_URL = withPatience(appUrl)
  return {
    name,
    appUrl,
    ownerUrl,
    adminUrl: onDatabase(postgres.adminUrl, name),
    asOwner: owner.run,
    asApp: app.run,
    lockWaits: async () => {
      // NB: as the application's role, because a role sees what its own connections wait for.
      const waits = `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`
      return (await app.run(waits)).length
    },
    setTimeZone: async (zone) => {
      await owner.run(`ALTER DATABASE "${name}" SET timezone TO '${zone}'`)
    },
    drop: async () => {
      const server = runner(postgres.adminUrl)
      await Promise.all([closeDatabase(), owner.end(), app.end()])
      await server.run(`DROP DATABASE IF EXISTS "${name}" WITH (FORCE)`)
      await server.end()
    },
  }
}
