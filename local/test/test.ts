import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { findChromium } from '#local/parts/chromium'
import { startTestParts } from '#local/parts/parts'
import { ensureProductionBuild } from '#local/parts/production-build'
import { checkout, stateDirectory } from '#local/processes/places'
import { openRun, type Run, stopOnSignals } from '#local/processes/processes'
import { inSeconds, say, step } from '#local/processes/steps'
import { type Tally, tallyOf } from './test-report.ts'

// `npm test`: everything. `npm test -- unit db` runs some layers, `npm test -- lib/core/rbac` what matches a path.
const layers = ['unit', 'db', 'cluster', 'doors'] as const
const words = process.argv.slice(2)
const named = words.filter((word) => word === 'e2e' || layers.some((layer) => layer === word))
const filter = words.filter((word) => !named.includes(word))
const isWanted = (layer: string) => named.length === 0 || named.includes(layer)
const inVitest = layers.filter(isWanted)
const isStory = (word: string) => word.includes('e2e')
const withStories = isWanted('e2e') && (named.includes('e2e') || filter.length === 0 || filter.some(isStory))
const withParts = withStories || inVitest.some((layer) => layer !== 'unit')

const program = (path: string) => join(checkout, 'node_modules', path)

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
  return tallyOf('vitest', report, code)
}

async function runStories(run: Run, executable: string): Promise<Tally> {
  const report = join(run.directory, 'playwright.json')
  const code = await run.finish({
    name: 'playwright',
    command: process.execPath,
    args: [program('@playwright/test/cli.js'), 'test', '--pass-with-no-tests', ...filter],
    cwd: checkout,
    env: { ...process.env, POSTERN_CHROMIUM: executable, POSTERN_E2E_REPORT: report },
    show: true,
  })
  return tallyOf('playwright', report, code)
}

async function runAll(run: Run): Promise<Tally[]> {
  // Before the parts: a machine of two cores has enough to do with the build.
  if (withStories) await step('production build', ensureProductionBuild, (built) => (built ? '' : 'unchanged'))
  const chromium = withStories ? await step('Chromium', findChromium, (path) => path) : ''
  if (withParts) {
    const parts = await step('PostgreSQL, Kubernetes, identity provider', startTestParts)
    run.onStop(parts.stop)
    void parts.run?.failed.then((error) => say(error.message))
  }
  const tallies: Tally[] = []
  const inWords = ({ passed, failed }: Tally) => `${passed} passed, ${failed} failed`
  if (inVitest.length) tallies.push(await step(inVitest.join(', '), () => runVitest(run), inWords))
  if (withStories) tallies.push(await step('stories in the browser', () => runStories(run, chromium), inWords))
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
const summary = `${sum('passed')} passed, ${sum('failed')} failed`
if (sum('passed') === 0) say('no test passed: nothing is proven')
say(`all in ${inSeconds(Date.now() - began)}`)
// For whoever prints more after npm has had its say; .ci/run does.
writeFileSync(join(stateDirectory, 'test-summary'), `${summary}\n`)
say(summary)
process.exit(sum('failed') === 0 && sum('passed') > 0 ? 0 : 1)
