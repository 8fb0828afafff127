// A worker in a process of its own, as POSTERN_ROLE=worker starts it, so that a test can kill it.

import { startPolicy } from '#lib/adapters/policy/current'
import { env } from '#lib/env'
import { startTraces } from '#lib/observability/start-traces'
import { startWorker } from '#lib/worker/start'

const stopTraces = await startTraces()
await startPolicy(env().configPath)
const worker = startWorker()
process.once('SIGTERM', async () => {
  await worker.stop()
  await stopTraces?.()
  process.exit(0)
})
