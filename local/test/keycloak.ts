import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { checkout } from '#local/processes/places'

// `npm run test:keycloak`: the tests with Keycloak, which are not part of `npm test`, because it takes half a minute to start
// and needs Java.
const vitest = join(checkout, 'node_modules/vitest/vitest.mjs')
const args = ['run', '--project=keycloak', '--passWithNoTests', ...process.argv.slice(2)]
const { status } = spawnSync(process.execPath, [vitest, ...args], { cwd: checkout, stdio: 'inherit' })
process.exitCode = status ?? 1
