import { startTestParts } from './parts.ts'
import { stopOnSignals } from './processes.ts'

// `npm run parts`: the parts of the tests, kept until Ctrl-C, so that single tests start at once.
const began = Date.now()
const parts = await startTestParts(console.log)
if (!parts.run) throw new Error(`POSTERN_PARTS names running parts already: ${parts.file}`)
stopOnSignals(parts.run, console.log)
console.log(
  `ready after ${((Date.now() - began) / 1000).toFixed(1)} s; in another terminal:\nexport POSTERN_PARTS=${parts.file}`,
)
const failure = await parts.run.failed
console.error(failure.message)
process.exit(1)
