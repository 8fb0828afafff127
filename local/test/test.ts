import { writeFileSync } from 'node:fs'
import { isAbsolute, join, relative } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { findChromium } from '#local/parts/chromium'
import { startTestParts } from '#local/parts/parts'
import { ensureProductionBuild } from '#local/parts/production-build'
import { checkout, stateDirectory } from '#local/processes/places'
import { openRun, type Run, stopOnSignals } from '#local/processes/processes'
import { inSeconds, say, step } from '#local/processes/steps'
import { type Failure, failuresOf, slowestFiles, type Tally, tallyOf } from './test-report.ts'

// `npm test` runs all tests, `npm test -- unit db` some layers, `npm test -- lib/core/rbac` the files that match a path.
const layers = ['unit', 'db', 'cluster', 'doors'] as const
const args = process.argv.slice(2)
const named = args.filter((arg) => arg === 'e2e' || layers.some((layer) => layer === arg))
const filter = args.filter((arg) => !named.includes(arg))
const isSelected = (layer: string) => named.length === 0 || named.includes(layer)
const inVitest = layers.filter(isSelected)
const isBrowserTest = (path: string) => path.includes('e2e')
const withBrowser = isSelected('e2e') && (named.includes('e2e') || filter.length === 0 || filter.some(isBrowserTest))
const withParts = withBrowser || inVitest.some((layer) => layer !== 'unit')

const program = (path: string) => join(checkout, 'node_modules', path)

const failures: Failure[] = []

async function runVitest(run: Run): Promise<Tally> {
  const report = join(run.directory, 'vitest.json')
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  const projects = inVitest.map((layer) => `--project=${layer}`)
  const code = await run.finish({
    name: 'vitest',
    command: process.execPath,
    args: [program('vitest/vitest.mjs'), 'run', ...reporters, ...projects, '--passWithNoTests', ...filter],
    cwd: checkout,
    show: true,
  })
  if (filter.length === 0)
    for (const { name, took } of slowestFiles(report))
      say(`${inSeconds(took).padStart(7)}  ${relative(checkout, name)}`)
  failures.push(...failuresOf('vitest', report))
  return tallyOf('vitest', report, code)
}

async function runBrowserTests(run: Run, executable: string): Promise<Tally> {
  const report = join(run.directory, 'playwright.json')
  const code = await run.finish({
    name: 'playwright',
    command: process.execPath,
    args: [program('@playwright/test/cli.js'), 'test', '--pass-with-no-tests', ...filter],
    cwd: checkout,
    env: { ...process.env, POSTERN_CHROMIUM: executable, POSTERN_E2E_REPORT: report },
    show: true,
  })
  failures.push(...failuresOf('playwright', report))
  return tallyOf('playwright', report, code)
}

const summarize = ({ passed, failed }: Tally) => `${passed} passed, ${failed} failed`

async function runAll(run: Run): Promise<Tally[]> {
  // Before the parts start, because the build alone keeps two cores busy.
  if (withBrowser) await step('production build', ensureProductionBuild, (built) => (built ? '' : 'up to date'))
  const chromium = withBrowser ? await step('Chromium', findChromium, (path) => path) : ''
  if (withParts) {
    const parts = await step('PostgreSQL, Kubernetes, identity provider', startTestParts)
    run.onStop(parts.stop)
    void parts.run?.failed.then((error) => say(error.message))
  }
  const tallies: Tally[] = []
  if (inVitest.length) tallies.push(await step(inVitest.join(', '), () => runVitest(run), summarize))
  if (withBrowser) tallies.push(await step('browser tests', () => runBrowserTests(run, chromium), summarize))
  return tallies
}

const began = Date.now()
const run = await openRun({ name: 'npm-test', say })
stopOnSignals(run, say)
let tallies: Tally[]
try {
  tallies = await runAll(run)
} catch (error) {
  say(error instanceof Error ? error.message : String(error))
  tallies = [{ passed: 0, failed: 1 }]
}
await run.stop()

const sum = (key: keyof Tally) => tallies.reduce((total, tally) => total + tally[key], 0)
const total: Tally = { passed: sum('passed'), failed: sum('failed') }
if (total.passed === 0) say('failed, because no test passed')
// At the end as well, because the runners' own reports may be thousands of lines above.
for (const { file, test, message } of failures) {
  say(`failed: ${isAbsolute(file) ? relative(checkout, file) : file}${test && ` › ${test}`}`)
  for (const line of stripVTControlCharacters(message).split('\n').slice(0, 12)) say(`    ${line}`)
}
say(`took ${inSeconds(Date.now() - began)}`)
// .ci/run prints this file as its last line.
writeFileSync(join(stateDirectory, 'test-summary'), `${summarize(total)}\n`)
say(summarize(total))
process.exit(total.failed === 0 && total.passed > 0 ? 0 : 1)
