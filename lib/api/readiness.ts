import { isSchemaCurrent } from '#lib/adapters/db/schema-version'
import { currentPolicy } from '#lib/adapters/policy/current'
import { log } from '#lib/observability/log'

/** Milliseconds. A probe must respond even if the database hangs. */
const timeoutMs = 2_000

async function isDatabaseReady(): Promise<'ok' | 'unavailable' | 'schema is older than this version'> {
  const late = new Promise<never>((_, reject) =>
    setTimeout(reject, timeoutMs, new Error('no response in time')).unref(),
  )
  try {
    return (await Promise.race([isSchemaCurrent(), late])) ? 'ok' : 'schema is older than this version'
  } catch (error) {
    log.warn({ err: error }, 'not ready: the database does not respond')
    return 'unavailable'
  }
}

function configuration(): string {
  try {
    return currentPolicy().refused ? 'ok (a newer version was rejected)' : 'ok'
  } catch {
    return 'not loaded'
  }
}

/** Can this process do its work? An unreachable cluster does not make it unready: the other clusters need it. */
export async function readiness() {
  const checks = { database: await isDatabaseReady(), configuration: configuration() }
  return { ready: checks.database === 'ok' && checks.configuration !== 'not loaded', ...checks }
}
