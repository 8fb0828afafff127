// Apply prisma/migrations/*/migration.sql like `prisma migrate deploy`, with only `pg` (for the runtime image).
import { createHash, randomUUID } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import pg from 'pg'

const LOCK = 72707369 // the advisory lock id Prisma Migrate uses
const TABLE = `CREATE TABLE IF NOT EXISTS "_prisma_migrations" (
  "id" VARCHAR(36) PRIMARY KEY NOT NULL, "checksum" VARCHAR(64) NOT NULL, "finished_at" TIMESTAMPTZ,
  "migration_name" VARCHAR(255) NOT NULL, "logs" TEXT, "rolled_back_at" TIMESTAMPTZ,
  "started_at" TIMESTAMPTZ NOT NULL DEFAULT now(), "applied_steps_count" INTEGER NOT NULL DEFAULT 0)`

/**
 * Applies what is missing, as the owner of the tables; several at once wait for each other.
 * @param {string | undefined} connectionString of the owner's role
 * @param {string} dir
 * @param {(line: string) => void} log
 * @returns {Promise<string[]>} the names of the migrations that were applied
 */
export async function migrate(connectionString, dir = 'prisma/migrations', log = console.log) {
  const c = new pg.Client({ connectionString })
  // A lost connection fails the query that waits for it; it must not end the process besides.
  c.on('error', () => {})
  await c.connect()
  try {
    await c.query('SELECT pg_advisory_lock($1)', [LOCK])
    await c.query(TABLE)
    const rows = (
      await c.query(
        'SELECT migration_name, checksum, finished_at FROM "_prisma_migrations" WHERE rolled_back_at IS NULL',
      )
    ).rows
    const failed = rows.filter((r) => !r.finished_at)
    if (failed.length)
      throw new Error(`failed migrations in the database: ${failed.map((r) => r.migration_name)}; resolve them first`)
    const applied = new Map(rows.map((r) => [r.migration_name, r.checksum]))
    const done = []
    for (const name of fs
      .readdirSync(dir, { withFileTypes: true })
      .filter((d) => d.isDirectory())
      .map((d) => d.name)
      .sort()) {
      const sql = fs.readFileSync(path.join(dir, name, 'migration.sql'), 'utf8')
      const sum = createHash('sha256').update(sql).digest('hex')
      if (applied.has(name)) {
        if (applied.get(name) !== sum) log(`warning: ${name} was edited after it was applied`)
        continue
      }
      const id = randomUUID()
      await c.query('INSERT INTO "_prisma_migrations"(id, checksum, migration_name) VALUES ($1,$2,$3)', [id, sum, name])
      try {
        await c.query(sql)
      } catch (e) {
        await c.query('UPDATE "_prisma_migrations" SET logs=$2 WHERE id=$1', [
          id,
          e instanceof Error ? e.stack : String(e),
        ])
        throw new Error(`${name}: ${e instanceof Error ? e.message : e}`)
      }
      await c.query('UPDATE "_prisma_migrations" SET finished_at=now(), applied_steps_count=1 WHERE id=$1', [id])
      done.push(name)
    }
    log(done.length ? `applied ${done.join(', ')}` : 'no pending migrations')
    return done
  } finally {
    await c.end()
  }
}

/**
 * The owner's address, from the environment or from the file that it names. Without it, `pg` would try this machine.
 * @returns {string}
 */
export function ownerUrl() {
  const { POSTERN_MIGRATION_DATABASE_URL: url, POSTERN_MIGRATION_DATABASE_URL_FILE: file } = process.env
  const address = file ? fs.readFileSync(file, 'utf8').trim() : url
  if (!address)
    throw new Error('POSTERN_MIGRATION_DATABASE_URL must be the postgresql:// URL of the owner of the database')
  return address
}

if (import.meta.url === `file://${process.argv[1]}`) await migrate(ownerUrl())
