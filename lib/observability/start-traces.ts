import { refuseBlockedAddress } from '#lib/adapters/outbound'
import { env, tracesEndpoint } from '#lib/env'
import { log } from './log.ts'

/** How long a stopping process waits for the collector, in milliseconds. */
const flushTimeoutMs = 1_000

/** Why the endpoint can't be used; undefined where it can. */
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
 * Starts sending traces if the environment names a collector; otherwise loads nothing. Never throws, because access
 * must not depend on monitoring.
 * @returns a function that sends the remaining spans within a second and stops; undefined where traces are off
 */
export async function startTraces(): Promise<(() => Promise<void>) | undefined> {
  const endpoint = tracesEndpoint()
  if (endpoint === undefined) return undefined
  const why = whyNot(endpoint)
  if (why !== undefined) {
    log.warn({ why }, 'traces are off, because the collector cannot be used')
    return undefined
  }
  const { startExport } = await import('./trace-export.ts')
  const send = startExport(endpoint, env().role)
  log.info({ collector: new URL(endpoint).host }, 'sending traces')
  return async () => {
    const late = new Promise<void>((resolve) => setTimeout(resolve, flushTimeoutMs).unref())
    // The exporter has already logged a failure to send.
    await Promise.race([send().catch(() => {}), late])
  }
}
