import type { Instrumentation } from 'next'

/** Next.js calls this once when the server starts, before the first request, and not during a build. */
export async function register() {
  if (process.env.NEXT_RUNTIME !== 'nodejs') return
  const { startProcess } = await import('./instrumentation-node.ts')
  await startProcess()
}

/** Logs an error of a page or an action. The browser shows the same digest as the error's reference. */
export const onRequestError: Instrumentation.onRequestError = async (error, request) => {
  if (process.env.NEXT_RUNTIME !== 'nodejs') return
  const { log } = await import('#lib/observability/log')
  const reference = error instanceof Error && 'digest' in error ? error.digest : undefined
  // Without the query, which contains search terms and pasted text.
  const path = request.path.split('?')[0]
  log.error({ err: error, reference, method: request.method, path }, 'a page or an action failed')
}
