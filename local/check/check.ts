import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { startPostgres } from '#local/parts/postgres'
import { checkout } from '#local/processes/places'
import { openRun, type Run, stopOnSignals } from '#local/processes/processes'
import { inSeconds, say } from '#local/processes/steps'
import { findAdvisories } from './advisories.ts'
import { contributingProblems } from './contributing.ts'
import { brokenPaths } from './docs-paths.ts'
import { importBreaches } from './imports.ts'
import { foreignLicences } from './licences.ts'
import { incompletePackages } from './lockfile.ts'
import { oldWords } from './words.ts'

// `npm run check`: what can be said without running the product. Every check runs, also after one that failed.
// `npm run check -- --words --imports` runs only these.
type Check = { name: string; what: string; run(): Promise<string> }

const program = (path: string) => join(checkout, 'node_modules', path)

/** Runs one of the tools; resolves to '' when it is content, else to what it printed. */
async function tool(run: Run, name: string, args: string[], env: Record<string, string> = {}): Promise<string> {
  const [file = '', ...rest] = args
  const code = await run.finish({
    name,
    command: process.execPath,
    args: [program(file), ...rest],
    cwd: checkout,
    env: { ...process.env, NEXT_TELEMETRY_DISABLED: '1', ...env },
  })
  return code === 0
    ? ''
    : readFileSync(join(run.logs, `${name}.log`), 'utf8').trim() || `${name} ended with code ${code}`
}

/** The migrations, applied to an empty database, must give exactly what prisma/schema.prisma says. */
async function schemaDrift(run: Run): Promise<string> {
  const { adminUrl } = await startPostgres(run, { directory: join(run.directory, 'postgres'), durable: false })
  const sides = ['--from-migrations', 'prisma/migrations', '--to-schema', 'prisma/schema.prisma']
  return tool(run, 'prisma', ['prisma/build/index.js', 'migrate', 'diff', ...sides, '--exit-code'], {
    PRISMA_SCHEMA_ENGINE_BINARY: join(checkout, 'prisma/schema-engine.mjs'),
    POSTERN_MIGRATION_DATABASE_URL: adminUrl,
    CHECKPOINT_DISABLE: '1',
    PRISMA_HIDE_UPDATE_MESSAGE: '1',
  })
}

/** What could not be said: told at the end, so that it is not read as a success. */
const unchecked: string[] = []

async function vulnerabilities(): Promise<string> {
  const advisories = findAdvisories(checkout)
  if (advisories.known) return advisories.problems.join('\n')
  unchecked.push(`known vulnerabilities: the registry does not say (${advisories.why})`)
  return ''
}

const listed = (problems: string[]) => problems.join('\n')

function checkWords(): string {
  const problems = oldWords(checkout)
  return problems.length ? `${listed(problems)}\n${problems.length} in all; local/check/word-list.ts has the list` : ''
}

const checksOf = (run: Run): Check[] => [
  { name: 'routes', what: 'types of the routes', run: () => tool(run, 'typegen', ['next/dist/bin/next', 'typegen']) },
  { name: 'types', what: 'types', run: () => tool(run, 'tsc', ['typescript/bin/tsc', '--noEmit', '-p', '.']) },
  {
    name: 'lint',
    what: 'lint and format',
    run: () =>
      tool(run, 'biome', [
        '@biomejs/biome/bin/biome',
        'check',
        '--error-on-warnings',
        '--diagnostic-level=warn',
        '--max-diagnostics=50',
      ]),
  },
  { name: 'dead-code', what: 'dead code', run: () => tool(run, 'knip', ['knip/bin/knip.js', '--no-progress']) },
  {
    name: 'imports',
    what: 'files import what the import table allows, and CONTRIBUTING.md shows that table',
    run: async () => listed([...importBreaches(checkout), ...contributingProblems(checkout)]),
  },
  { name: 'words', what: 'texts say it in plain words', run: async () => checkWords() },
  { name: 'migrations', what: 'migrations give the schema', run: () => schemaDrift(run) },
  {
    name: 'paths',
    what: 'paths named in documents and comments exist',
    run: async () => listed(brokenPaths(checkout)),
  },
  {
    name: 'lockfile',
    what: 'the lock file names every platform package',
    run: async () => listed(incompletePackages(checkout)),
  },
  { name: 'licences', what: 'licences', run: async () => listed(foreignLicences(checkout)) },
  { name: 'vulnerabilities', what: 'known vulnerabilities', run: vulnerabilities },
]

const run = await openRun({ name: 'check', say })
stopOnSignals(run, say)
const checks = checksOf(run)
const wanted = process.argv.slice(2).map((word) => word.replace(/^--/, ''))
const unknown = wanted.filter((word) => !checks.some(({ name }) => name === word))
if (unknown.length) {
  say(`there is no check named ${unknown.join(', ')}; use ${checks.map(({ name }) => `--${name}`).join(' ')}`)
  await run.stop()
  process.exit(2)
}
const failed: string[] = []
for (const { name, what, run: check } of checks) {
  if (wanted.length && !wanted.includes(name)) continue
  const began = Date.now()
  const problem = await check().catch((error: unknown) => (error instanceof Error ? error.message : String(error)))
  say(`${inSeconds(Date.now() - began).padStart(7)}  ${what}${problem && ': FAILED'}`)
  if (!problem) continue
  failed.push(what)
  say(problem.replaceAll(/^/gm, '         '))
}
await run.stop()
for (const what of unchecked) say(`NOT CHECKED: ${what}`)
say(
  failed.length
    ? `failed: ${failed.join('; ')}`
    : `${wanted.length ? 'these' : 'all'} checks passed${unchecked.length ? ', except for the unchecked ones' : ''}`,
)
// What is still on its way into a pipe is written first.
process.stdout.write('', () => process.exit(failed.length ? 1 : 0))
