import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { PostgresPrograms } from './postgres.ts'

/** The oldest release that Postern supports (docs/install.md). */
const oldest = 15
const installed = '/usr/lib/postgresql'

/** The newest PostgreSQL that Debian's packages installed on this machine, with its `pg_dump`; undefined if there is none. */
export function systemPostgres(): (PostgresPrograms & { dump: string; restore: string }) | undefined {
  const releases = existsSync(installed) ? readdirSync(installed).map(Number) : []
  const newest = Math.max(0, ...releases.filter((release) => release >= oldest))
  const at = (name: string) => join(installed, String(newest), 'bin', name)
  const programs = { initdb: at('initdb'), postgres: at('postgres'), dump: at('pg_dump'), restore: at('pg_restore') }
  return Object.values(programs).every((file) => existsSync(file)) ? programs : undefined
}
