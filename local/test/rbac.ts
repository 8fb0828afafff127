import { parseArgs } from 'node:util'
import { say } from '#local/processes/steps'

// `npm run test:rbac -- --cases 50000 --seed 7`: compares the decisions of lib/core/rbac on random rules with those of the
// API server. The run prints its seed, which repeats it.

const usage = 'usage: npm run test:rbac -- [--cases 50000] [--seed 7]; both are whole numbers'

function wholeNumber(text: string | undefined): string | undefined {
  if (text === undefined || (/^\d{1,10}$/.test(text) && Number(text) < 2 ** 31)) return text
  say(usage)
  return process.exit(2)
}

function readOptions() {
  try {
    return parseArgs({ options: { cases: { type: 'string' }, seed: { type: 'string' } } }).values
  } catch (error) {
    say(error instanceof Error ? error.message : String(error))
    say(usage)
    return process.exit(2)
  }
}

const { cases, seed } = readOptions()
const settings = { POSTERN_RBAC_CASES: wholeNumber(cases), POSTERN_RBAC_SEED: wholeNumber(seed) }
for (const [name, value] of Object.entries(settings)) {
  if (value !== undefined) process.env[name] = value
}
process.argv.splice(2, process.argv.length, 'cluster', 'lib/core/rbac/oracle')
await import('./test.ts')
