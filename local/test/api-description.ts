import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { checkout } from '#local/processes/places'

// `npm run test:api-description`: Schemathesis calls the API by its own description. It is not part of `npm test`, because it
// takes minutes and needs Python.
const vitest = join(checkout, 'node_modules/vitest/vitest.mjs')
const args = ['run', '--project=api-description', ...process.argv.slice(2)]
const { status } = spawnSync(process.execPath, [vitest, ...args], { cwd: checkout, stdio: 'inherit' })
process.exitCode = status ?? 1
