import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, totalmem } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { startTestParts } from '#local/parts/parts'
import { ensureProductionBuild } from '#local/parts/production-build'
import { checkout } from '#local/processes/places'
import { openRun, type Run, stopOnSignals } from '#local/processes/processes'
import { inSeconds, say, step } from '#local/processes/steps'
import { tallyOf } from '#local/test/test-report'
import { type Figure, sections } from './figures.ts'

// `npm run chaos`: runs all tests of local/chaos in their long form, one after the other, and writes docs/reliability.md
// from the figures that they record. What must hold is asserted in the tests themselves.

const { values: options, positionals: filter } = parseArgs({
  options: { seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) } },
  allowPositionals: true,
})

async function runTests(run: Run, figuresFile: string) {
  const report = join(run.directory, 'vitest.json')
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  const projects = ['db', 'cluster', 'chaos'].map((project) => `--project=${project}`)
  const code = await run.finish({
    name: 'vitest',
    command: process.execPath,
    // One file after the other, so that the load of one does not affect the figures of another.
    args: [
      join(checkout, 'node_modules/vitest/vitest.mjs'),
      ...['run', '--no-file-parallelism', ...reporters, ...projects],
      ...(filter.length > 0 ? filter : ['local/chaos/']),
    ],
    cwd: checkout,
    env: { ...process.env, POSTERN_CHAOS_FIGURES: figuresFile, POSTERN_CHAOS_SEED: options.seed },
    show: true,
  })
  return tallyOf('vitest', report, code)
}

const rowOf = ({ what, measured, goal = '', met }: Figure) =>
  `| ${what} | ${measured} | ${goal} | ${met === undefined ? '' : met ? 'yes' : 'no'} |`

function report(figures: readonly Figure[], { passed, failed }: { passed: number; failed: number }, seconds: string) {
  const cpu = cpus()
  const tables = Object.entries(sections).map(([key, { title, about }]) => {
    const rows = figures.filter(({ section }) => section === key).map(rowOf)
    const table = ['| What | measured | goal | met |', '|---|---|---|---|', ...rows].join('\n')
    return `## ${title}\n\n${about}\n\n${rows.length > 0 ? table : 'Not run.'}`
  })
  return `# Reliability

Written by \`npm run chaos\` on ${new Date().toISOString().slice(0, 10)}: ${cpu.length} × ${cpu[0]?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GB, Node ${process.version},
PostgreSQL 18 and Kubernetes 1.37 on the same machine. ${passed} tests passed, ${failed} failed, in ${seconds}, with the seed ${options.seed}; load
${loadavg()[0]?.toFixed(1)} (of ${cpu.length}) at the end. \`npm run chaos -- --seed ${options.seed}\` repeats the same random choices.

Everything is real: PostgreSQL, kube-apiserver and etcd, the identity provider, and Postern in its own processes. Faults come
from outside: from proxies in front of the API server and of PostgreSQL (\`local/chaos\`), from \`kill -9\`, from stopped servers
and from shifted clocks. Postern has no switch for any of them.

*Leaked* is an object in the cluster that has Postern's labels and belongs to no live grant. *Stuck* is a grant that has not
reached the expected status in time. Events are compared with the transitions that the state machine allows, and with the
creations and deletions in the API server's own audit log.

${tables.join('\n\n')}
`
}

const began = Date.now()
const run = await openRun({ name: 'chaos', say })
stopOnSignals(run, say)
let tally = { passed: 0, failed: 1 }
try {
  await step('production build', ensureProductionBuild, (built) => (built ? '' : 'up to date'))
  const parts = await step('PostgreSQL, Kubernetes, identity provider', startTestParts)
  run.onStop(parts.stop)
  const figuresFile = join(run.directory, 'figures.ndjson')
  say(`seed ${options.seed}`)
  tally = await runTests(run, figuresFile)
  const lines = existsSync(figuresFile) ? readFileSync(figuresFile, 'utf8').trim().split('\n').filter(Boolean) : []
  const figures = lines.map((line) => JSON.parse(line) as Figure)
  const missed = figures.filter(({ met }) => met === false)
  for (const { what, measured, goal } of missed) say(`missed: ${what}: ${measured} (${goal})`)
  const text = report(figures, tally, inSeconds(Date.now() - began))
  // Only a complete run replaces the report; a filtered one is printed.
  if (filter.length === 0) writeFileSync(join(checkout, 'docs/reliability.md'), text)
  else say(text)
} catch (error) {
  say(error instanceof Error ? error.message : String(error))
}
await run.stop()
say(`${tally.passed} passed, ${tally.failed} failed; took ${inSeconds(Date.now() - began)}`)
process.exit(tally.failed === 0 && tally.passed > 0 ? 0 : 1)
