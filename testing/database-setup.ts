import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { startDatabase } from '#local/parts/parts'
import { openRun } from '#local/processes/processes'

/** Starts a PostgreSQL for tests that need nothing else: ready in about a second. */
export default async function setup() {
  if (process.env.POSTERN_PARTS) return
  const run = await openRun({ name: 'database-tests' })
  try {
    const file = join(run.directory, 'database.json')
    writeFileSync(file, JSON.stringify({ postgres: await startDatabase(run, false) }), { mode: 0o600 })
    process.env.POSTERN_TEST_DATABASE = file
  } catch (error) {
    await run.stop()
    throw error
  }
  return run.stop
}
