import { join } from 'node:path'
import { checkout } from '#local/processes/places'
import { openRun, stopOnSignals } from '#local/processes/processes'
import { say } from '#local/processes/steps'

// `npm run test:deploy`: installs Postern on a real node as docs/install.md says. It is not part of `npm test`, because it needs
// Linux, root and control groups, and builds the node's programs for ten minutes once.
const run = await openRun({ name: 'test-deploy', say })
stopOnSignals(run, say)
const vitest = join(checkout, 'node_modules/vitest/vitest.mjs')
const args = [vitest, 'run', '--project=deploy', ...process.argv.slice(2)]
const code = await run.finish({ name: 'vitest', command: process.execPath, args, cwd: checkout, show: true })
await run.stop()
process.exit(code)
