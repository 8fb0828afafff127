import { watchProvider } from '#lib/adapters/auth/check-provider'
import { notePeerAddresses } from '#lib/adapters/auth/client-address'
import { isPublicHttps } from '#lib/adapters/auth/configuration'
import { ConfigurationRefused, currentPolicy, onPolicyChange, startPolicy } from '#lib/adapters/policy/current'
import { readCompressedFiles, serveCompressed } from '#lib/api/compressed-files'
import { answerBeforeNext, hardenServer } from '#lib/api/harden-server'
import { endHeldConnections } from '#lib/api/held-connections'
import { serveApi } from '#lib/api/serve-api'
import { env, isDevelopment } from '#lib/env'
import { log } from '#lib/observability/log'
import { startTraces } from '#lib/observability/start-traces'
import { followRotas } from '#lib/operations/load-rotas'
import { recordPolicy } from '#lib/operations/record-policy'
import { startWorker } from '#lib/worker/start'

/** How long running work may take to finish after SIGTERM, in seconds. The worker's leases last longer. */
const drainSeconds = 10

/** Ends the connections that wait for changes, and lets the worker finish before Next's own signal handlers end the process. */
function drainBeforeExit(stopWorker: () => Promise<void>, stopTraces: () => Promise<void>) {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    const handlers = process.listeners(signal)
    process.removeAllListeners(signal)
    process.once(signal, () => {
      endHeldConnections()
      const late = new Promise((resolve) => setTimeout(resolve, drainSeconds * 1000).unref())
      Promise.race([stopWorker(), late])
        .catch((error) => log.error({ err: error }, 'could not stop the worker cleanly'))
        .then(stopTraces)
        .finally(() => {
          for (const handler of handlers) handler(signal)
        })
    })
  }
}

async function start() {
  const { configPath, role } = env()
  notePeerAddresses()
  hardenServer()
  if (role !== 'worker' && !isDevelopment()) answerBeforeNext(serveCompressed(readCompressedFiles(), isPublicHttps))
  const stopTraces = await startTraces()
  await startPolicy(configPath)
  onPolicyChange((policy) => void recordPolicy(policy, configPath))
  // The process starts without the database and the identity provider: /readyz reports what is missing.
  void recordPolicy(currentPolicy(), configPath)
  followRotas()
  if (role !== 'worker') watchProvider()
  drainBeforeExit(role === 'web' ? async () => {} : startWorker().stop, stopTraces ?? (async () => {}))
  // Next.js creates the spans of calls, and in development it loads routes again that have changed.
  if (role !== 'worker' && !stopTraces && !isDevelopment()) {
    const { apiRoutes } = await import('./app/api/v1/routes.ts')
    answerBeforeNext(serveApi(apiRoutes, isPublicHttps))
  }
  log.info({ role, policy: currentPolicy().hash }, 'Postern started')
}

/** Starts a replica before its first request. If it can't start, it logs why and exits. */
export async function startProcess() {
  try {
    await start()
  } catch (error) {
    // A mistake in the configuration or the environment is logged without a stack trace.
    const isOperatorError =
      error instanceof ConfigurationRefused || (error instanceof Error && /^The environment/.test(error.message))
    if (isOperatorError) log.fatal((error as Error).message)
    else log.fatal({ err: error }, 'Postern could not start')
    process.exit(1)
  }
}
