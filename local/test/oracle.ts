import { parseArgs } from 'node:util'
import { say } from '#local/processes/steps'

// `npm run test:rbac -- --cases 50000 --seed 7`: runs the tests that compare our answers to random questions with those of
// Kubernetes, on more questions than `npm test` asks. The run prints its seed, which repeats it.

/** @param name of the command `npm run test:NAME` */
export async function runOracle(name: 'rbac' | 'cel', tests: readonly string[]): Promise<void> {
  const usage = `usage: npm run test:${name} -- [--cases 50000] [--seed 7]; both are whole numbers`
  const refuse = (message: string) => {
    if (message) say(message)
    say(usage)
    return process.exit(2)
  }
  const readOptions = () => {
    try {
      return parseArgs({ options: { cases: { type: 'string' }, seed: { type: 'string' } } }).values
    } catch (error) {
      return refuse(error instanceof Error ? error.message : String(error))
    }
  }
  for (const [option, value] of Object.entries(readOptions())) {
    if (!/^\d{1,10}$/.test(value) || Number(value) >= 2 ** 31) refuse('')
    process.env[`POSTERN_${name.toUpperCase()}_${option.toUpperCase()}`] = value
  }
  process.argv.splice(2, process.argv.length, ...tests)
  await import('./test.ts')
}
