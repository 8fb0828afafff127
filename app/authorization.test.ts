import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { checkout } from '#local/processes/places'
import { assembleCast, type Cast } from '#testing/authorization/callers'
import { doorsOf } from '#testing/authorization/doors'
import { situationMaker } from '#testing/authorization/situations'
import { stranger } from '#testing/authorization/stranger'
import { type Deed, readTables } from '#testing/authorization/table'
import type { Caller, Column, Door, Outcome, Situation, State } from '#testing/authorization/words'
import { aConfiguration, anEntitlementDocument } from '#testing/configuration'
import { grantReaches } from '#testing/grants'
import { aClusterState } from '#testing/requests'
import { servedPostern } from '#testing/served'

// Checks every route for every caller in every state against docs/authorization.md.

// One table needs up to six hundred calls of a real server, one after another for each caller.
vi.setConfig({ testTimeout: 300_000 })

const twoSteps = [{ groups: ['payments-leads'] }, { groups: ['sre'] }]
const served = await servedPostern({
  entitlements: [anEntitlementDocument({ who: { groups: ['payments-dev'] }, approvals: twoSteps })],
  roles: aConfiguration().roles,
})
afterAll(served.stop)
// An internal error is in the log, whatever the caller received.
afterEach(() =>
  expect(
    served
      .log()
      .match(/.*"level":"(error|fatal)".*/g)
      ?.slice(0, 3) ?? [],
  ).toEqual([]),
)

const tables = readTables(join(checkout, 'docs/authorization.md'))
const outside = stranger(served.url)
const doors = doorsOf(outside)
const doorsFor = (deed: Deed) => doors.filter((door) => door.deed === deed.title)

let cast: Cast
let make: ReturnType<typeof situationMaker>
const shared = new Map<Column, Promise<Situation>>()
beforeAll(async () => {
  await aClusterState()
  cast = await assembleCast(served)
  make = situationMaker(served, cast)
})

/** One situation of each state, shared by the callers who change nothing. */
function sharedSituation(state: Column): Promise<Situation> {
  const known = shared.get(state) ?? make(state === 'any' ? 'absent' : state)
  shared.set(state, known)
  return known
}

/** The common answer of all doors of one cell. An action returns no status: the API's sentence stands for its answer. */
async function cellOf(deed: Deed, caller: Caller, column: Column, expected: string, situation?: Situation) {
  const outcomes: Array<Outcome & { door: Door }> = []
  for (const door of doorsFor(deed)) {
    const isSpent = door.changes && expected === 'yes' && column !== 'any' && !situation
    const isApi = door.door.includes(' /api/v1/')
    for (const way of isApi && caller.inBrowser ? [caller, caller.inBrowser] : [caller]) {
      const one = isSpent ? await make(column as State) : (situation ?? (await sharedSituation(column)))
      outcomes.push({ door, ...(await door.call(way, one)) })
    }
  }
  const reference = outcomes.find(({ answer, sentence }) => answer !== 'refused' && sentence !== undefined)
  const words = outcomes.map(({ answer, sentence, door }) => {
    if (answer !== 'refused') return { word: answer, door }
    return { word: sentence === reference?.sentence ? (reference?.answer ?? '') : `refused: ${sentence}`, door }
  })
  const [first] = words
  if (words.every(({ word }) => word === first?.word)) return first?.word
  return words.map(({ word, door }) => `${door.door}: ${word}`).join('; ')
}

async function checkColumn(deed: Deed, column: Column, situation?: Situation) {
  const actual: Record<string, unknown> = {}
  const expected: Record<string, unknown> = {}
  await Promise.all(
    cast.callers.map(async (caller) => {
      const answer = deed.cells[caller.name][column] ?? ''
      expected[caller.name] = answer
      actual[caller.name] = await cellOf(deed, caller, column, answer, situation)
    }),
  )
  expect.soft(actual, `${deed.title}: ${column}`).toEqual(expected)
}

test('every route and action of the build is in a table, and every one of a table is in the build', async () => {
  const methods = async (path: string) => {
    const answer = await outside.send(path.replace('[id]', 'x'), { method: 'OPTIONS' })
    const allowed = answer.headers.get('allow')?.split(/, */) ?? ['*']
    return allowed.filter((method) => !['HEAD', 'OPTIONS'].includes(method))
  }
  const files = readdirSync(join(checkout, 'app'), { recursive: true, encoding: 'utf8' })
  const pathOf = (file: string) => `/${file.replace(/\([^)]*\)\/|\/?(route\.ts|page\.tsx)$/g, '')}`
  const routes = files.filter((file) => file.endsWith('route.ts')).map(pathOf)
  const built = [
    ...(await Promise.all(
      routes.map(async (path) =>
        (await methods(path)).map((method) => `${method} ${path.replace(/\[(\w+)\]/g, '{$1}')}`),
      ),
    )),
    ...files.filter((file) => file.endsWith('page.tsx')).map((file) => `page ${pathOf(file)}`),
    ...outside.actions.map(({ name }) => `action ${name}`),
  ].flat()
  const withoutUse = (door: string) => door.replace(/\?.*/, '')
  expect(new Set(doors.map(({ door }) => withoutUse(door)))).toEqual(new Set(built))
  for (const deed of tables)
    expect(
      doorsFor(deed).map(({ door }) => door),
      deed.title,
    ).toEqual(deed.doors)
  expect(doors.filter(({ deed }) => !tables.some(({ title }) => title === deed))).toEqual([])
})

test('only the holder can issue a credential, and only while the grant is active', async () => {
  const deed = tables.find(({ title }) => title === 'Issue a credential')
  if (!deed) throw new Error('no table covers issuing a credential')
  await served.whileWorking(async () => {
    const real = await make('granting')
    await grantReaches(real.grantId, 'active')
    await checkColumn(deed, 'active', real)
  })
  for (const column of deed.columns.filter((one) => one !== 'active')) await checkColumn(deed, column)
})

test.each(tables.filter(({ title }) => title !== 'Issue a credential'))('$title', async (deed) => {
  // Each list is read once, so everything that it could show must exist before.
  await Promise.all(deed.columns.map(sharedSituation))
  for (const column of deed.columns) await checkColumn(deed, column)
})
