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

// `npm run check`: everything that can be checked without running Postern. All checks run, even after one has failed.
// `npm run check -- --words --imports` runs only the named ones.
type Check = { name: string; what: string; run(): Promise<string> }

const program = (path: string) => join(checkout, 'node_modules', path)

/** Runs a tool. Resolves to '' on success, otherwise to its output. */
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

/** Applied to an empty database, the migrations must produce the schema in prisma/schema.prisma. */
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

/** Checks that could not run. They are printed at the end, so that no one mistakes them for a success. */
const unchecked: string[] = []

async function vulnerabilities(): Promise<string> {
  const advisories = findAdvisories(checkout)
  if (advisories.known) return advisories.problems.join('\n')
  unchecked.push(`known vulnerabilities, because the registry did not answer (${advisories.why})`)
  return ''
}

const listed = (problems: string[]) => problems.join('\n')

function checkWords(): string {
  const problems = oldWords(checkout)
  return problems.length ? `${listed(problems)}\n${problems.length} findings; see local/check/word-list.ts` : ''
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
    what: 'imports, and the import table in CONTRIBUTING.md',
    run: async () => listed([...importBreaches(checkout), ...contributingProblems(checkout)]),
  },
  { name: 'words', what: 'plain language', run: async () => checkWords() },
  { name: 'migrations', what: 'migrations produce the schema', run: () => schemaDrift(run) },
  {
    name: 'paths',
    what: 'paths in documents and comments',
    run: async () => listed(brokenPaths(checkout)),
  },
  {
    name: 'lockfile',
    what: 'platform packages in the lock file',
    run: async () => listed(incompletePackages(checkout)),
  },
  { name: 'licences', what: 'licences', run: async () => listed(foreignLicences(checkout)) },
  { name: 'vulnerabilities', what: 'known vulnerabilities', run: vulnerabilities },
]

const run = await openRun({ name: 'check', say })
stopOnSignals(run, say)
const checks = checksOf(run)
const selected = process.argv.slice(2).map((argument) => argument.replace(/^--/, ''))
const unknown = selected.filter((argument) => !checks.some(({ name }) => name === argument))
if (unknown.length) {
  say(`there is no check named ${unknown.join(', ')}; use ${checks.map(({ name }) => `--${name}`).join(' ')}`)
  await run.stop()
  process.exit(2)
}
const failed: string[] = []
for (const { name, what, run: check } of checks) {
  if (selected.length && !selected.includes(name)) continue
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
    : `${selected.length ? 'these' : 'all'} checks passed${unchecked.length ? ', except the unchecked ones' : ''}`,
)
// Exit only after the output has been written, which matters for a pipe.
process.stdout.write('', () => process.exit(failed.length ? 1 : 0))
