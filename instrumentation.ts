import type { Instrumentation } from 'next'

/** Called once by Next when the server starts, before the first request; not when it builds. */
export async function register() {
  if (process.env.NEXT_RUNTIME !== 'nodejs') return
  const { startProcess } = await import('./instrumentation-node.ts')
  await startProcess()
}

/** A page or action that threw: the browser is shown the digest as its reference, and here is what it refers to. */
export const onRequestError: Instrumentation.onRequestError = async (error, request) => {
  if (process.env.NEXT_RUNTIME !== 'nodejs') return
  const { log } = await import('#lib/observability/log')
  const reference = error instanceof Error && 'digest' in error ? error.digest : undefined
  // Without the query: what somebody searched for or pasted is theirs.
  const path = request.path.split('?')[0]
  log.error({ err: error, reference, method: request.method, path }, 'a page could not be made')
}
