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
import { type Figure, sections } from './size.ts'

// `npm run chaos`: everything in local/chaos, in its long form, and docs/reliability.md from what was counted and
// measured. The tests themselves say what must hold; this only runs them one after the other and writes down.

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
    // One file after the other: what one does to the machine must not count against another.
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

const rowOf = ({ what, seen, goal = '', holds }: Figure) =>
  `| ${what} | ${seen} | ${goal} | ${holds === undefined ? '' : holds ? 'yes' : 'no'} |`

function report(figures: readonly Figure[], { passed, failed }: { passed: number; failed: number }, seconds: string) {
  const cpu = cpus()
  const tables = Object.entries(sections).map(([key, { title, about }]) => {
    const rows = figures.filter(({ section }) => section === key).map(rowOf)
    const table = ['| What | seen | goal | holds |', '|---|---|---|---|', ...rows].join('\n')
    return `## ${title}\n\n${about}\n\n${rows.length > 0 ? table : 'Not run this time.'}`
  })
  return `# Reliability

Written by \`npm run chaos\` on ${new Date().toISOString().slice(0, 10)}: ${cpu.length} × ${cpu[0]?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GB, Node ${process.version},
PostgreSQL 18 and Kubernetes 1.37 on the same machine. ${passed} tests passed, ${failed} failed, in ${seconds}, with the seed ${options.seed}; load
${loadavg()[0]?.toFixed(1)} (of ${cpu.length}) at the end. \`npm run chaos -- --seed ${options.seed}\` draws the same again.

Everything is real: PostgreSQL, kube-apiserver and etcd, the identity provider, and Postern in processes of its own. Faults
come from outside, by proxies in front of the API server and of PostgreSQL (\`local/chaos\`), by \`kill -9\`, by stopping servers and by
shifting clocks; Postern has no switch for any of it. *Leaked* is an object in the cluster that carries Postern's labels and belongs to no live
grant, *stuck* a grant that is not where it should be by then, *wrong* an event that is missing or there twice, a move that
the machine does not have, or an object that the API server's own audit log says was made or removed another number of times
than Postern's events say.

${tables.join('\n\n')}
`
}

const began = Date.now()
const run = await openRun({ name: 'chaos', say })
stopOnSignals(run, say)
let tally = { passed: 0, failed: 1 }
try {
  await step('production build', ensureProductionBuild, (built) => (built ? '' : 'unchanged'))
  const parts = await step('PostgreSQL, Kubernetes, identity provider', startTestParts)
  run.onStop(parts.stop)
  const figuresFile = join(run.directory, 'figures.ndjson')
  say(`seed ${options.seed}`)
  tally = await runTests(run, figuresFile)
  const lines = existsSync(figuresFile) ? readFileSync(figuresFile, 'utf8').trim().split('\n').filter(Boolean) : []
  const figures = lines.map((line) => JSON.parse(line) as Figure)
  const missed = figures.filter(({ holds }) => holds === false)
  for (const { what, seen, goal } of missed) say(`missed: ${what}: ${seen} (${goal})`)
  const text = report(figures, tally, inSeconds(Date.now() - began))
  // A part of it is for looking at; only the whole is the report.
  if (filter.length === 0) writeFileSync(join(checkout, 'docs/reliability.md'), text)
  else say(text)
} catch (error) {
  say(error instanceof Error ? error.message : String(error))
}
await run.stop()
say(`${tally.passed} passed, ${tally.failed} failed; all in ${inSeconds(Date.now() - began)}`)
process.exit(tally.failed === 0 && tally.passed > 0 ? 0 : 1)
