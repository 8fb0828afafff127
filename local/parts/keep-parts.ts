import { stopOnSignals } from '#local/processes/processes'
import { inSeconds, say } from '#local/processes/steps'
import { startTestParts } from './parts.ts'

// `npm run parts`: keeps the parts of the tests running until Ctrl-C, so that single tests start immediately.
const began = Date.now()
try {
  const parts = await startTestParts(say)
  if (!parts.run) throw new Error(`POSTERN_PARTS already names running parts: ${parts.file}`)
  stopOnSignals(parts.run, say)
  say(`ready after ${inSeconds(Date.now() - began)}; in another terminal:\nexport POSTERN_PARTS=${parts.file}`)
  throw await parts.run.failed
} catch (error) {
  say(error instanceof Error ? error.message : String(error))
  process.exit(1)
}
