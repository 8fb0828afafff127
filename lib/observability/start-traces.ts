import { refuseBlockedAddress } from '#lib/adapters/outbound'
import { env, tracesEndpoint } from '#lib/env'
import { log } from './log.ts'

/** Milliseconds that a process which ends waits for a collector. */
const farewell = 1_000

/** Why nothing can be sent there; undefined where it can be. */
function whyNot(endpoint: string): string | undefined {
  if (!/^https?:$/.test(URL.parse(endpoint)?.protocol ?? ''))
    return 'the endpoint must be an http:// or https:// address'
  try {
    refuseBlockedAddress(endpoint, [])
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}

/**
 * Sends traces where the environment names a collector; else loads nothing. Never throws: nobody's access may depend on
 * who watches.
 * @returns sends what is left, within a second, and ends it; undefined where no traces are sent
 */
export async function startTraces(): Promise<(() => Promise<void>) | undefined> {
  const endpoint = tracesEndpoint()
  if (endpoint === undefined) return undefined
  const why = whyNot(endpoint)
  if (why !== undefined) {
    log.warn({ why }, 'no traces are sent')
    return undefined
  }
  const { startExport } = await import('./trace-export.ts')
  const send = startExport(endpoint, env().role)
  log.info({ collector: new URL(endpoint).host }, 'traces are sent')
  return async () => {
    const late = new Promise<void>((resolve) => setTimeout(resolve, farewell).unref())
    // What could not be sent has been logged.
    await Promise.race([send().catch(() => {}), late])
  }
}
