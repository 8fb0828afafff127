import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeTemplate } from '#local/parts/parts'
import { type Postgres, type PostgresPrograms, startPostgres } from '#local/parts/postgres'
import type { Run } from '#local/processes/processes'
import { testParts } from '#testing/database'

export type OwnPostgres = {
  /** Stops it immediately and without a checkpoint (SIGQUIT), so that it must recover as after a crash. */
  kill(): Promise<void>
  /** Starts it again on the same files and the same port. */
  start(): Promise<void>
}

/**
 * Starts a PostgreSQL for this test file alone, which the file may stop. Each commit waits for the disk, as in production.
 * Call this before testDatabase(), which then creates its database on this server.
 */
export async function ownPostgres(
  run: Run,
  env: Record<string, string> = {},
  programs?: PostgresPrograms,
): Promise<OwnPostgres> {
  const options = { directory: join(run.directory, 'postgres'), durable: true, env, ...(programs && { programs }) }
  let server: Postgres = await startPostgres(run, options)
  const { port } = server
  const file = join(run.directory, 'parts.json')
  writeFileSync(file, JSON.stringify({ ...testParts(), postgres: await makeTemplate(server) }), { mode: 0o600 })
  process.env.POSTERN_PARTS = file
  return {
    kill: async () => {
      const stopped = server.stop()
      process.kill(server.pid, 'SIGQUIT')
      await stopped
    },
    start: async () => {
      server = await startPostgres(run, { ...options, port })
    },
  }
}
