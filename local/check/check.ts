import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { findAdvisories } from './advisories.ts'
import { brokenPaths } from './docs-paths.ts'
import { foreignLicences } from './licences.ts'
import { incompletePackages } from './lockfile.ts'
import { checkout } from '#local/processes/places'
import { startPostgres } from '#local/parts/postgres'
import { openRun, type Run, stopOnSignals } from '#local/processes/processes'
import { inSeconds, say } from '#local/processes/steps'

// `npm run check`: what can be said without running the product. Every check runs, also after one that failed.
type Check = { what: string; run(): Promise<string> }

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

/** What could not be said: told at the end, so that nobody takes it for a yes. */
const unchecked: string[] = []

async function vulnerabilities(): Promise<string> {
  const advisories = findAdvisories(checkout)
  if (advisories.known) return advisories.problems.join('\n')
  unchecked.push(`known vulnerabilities: the registry does not say (${advisories.why})`)
  return ''
}

const checksOf = (run: Run): Check[] => [
  { what: 'types of the routes', run: () => tool(run, 'typegen', ['next/dist/bin/next', 'typegen']) },
  { what: 'types', run: () => tool(run, 'tsc', ['typescript/bin/tsc', '--noEmit', '-p', '.']) },
  {
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
  { what: 'dead code', run: () => tool(run, 'knip', ['knip/bin/knip.js', '--no-progress']) },
  { what: 'migrations give the schema', run: () => schemaDrift(run) },
  { what: 'paths named in the documents exist', run: async () => brokenPaths(checkout).join('\n') },
  { what: 'the lock file names every platform package', run: async () => incompletePackages(checkout).join('\n') },
  { what: 'licences', run: async () => foreignLicences(checkout).join('\n') },
  { what: 'known vulnerabilities', run: vulnerabilities },
]

const run = await openRun({ name: 'check', say })
stopOnSignals(run, say)
const failed: string[] = []
for (const { what, run: check } of checksOf(run)) {
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
    : `all checks passed${unchecked.length ? ', except what was not checked' : ''}`,
)
process.exit(failed.length ? 1 : 0)
