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

// Every door × every caller × every state, as docs/authorization.md says it.

// One table is up to six hundred calls of a real server, one after the other for each caller.
vi.setConfig({ testTimeout: 300_000 })

const twoSteps = [{ groups: ['payments-leads'] }, { groups: ['sre'] }]
const served = await servedPostern({
  entitlements: [anEntitlementDocument({ who: { groups: ['payments-dev'] }, approvals: twoSteps })],
  roles: aConfiguration().roles,
})
afterAll(served.stop)
// Whatever a caller was told: what broke inside stands in the log.
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

/** One situation of each state for everybody who changes nothing. */
function sharedSituation(state: Column): Promise<Situation> {
  const known = shared.get(state) ?? make(state === 'any' ? 'absent' : state)
  shared.set(state, known)
  return known
}

/** What all doors of one cell say. An action names no code: where it speaks the API's sentence, it gives its answer. */
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
  const said = outcomes.find(({ answer, sentence }) => answer !== 'refused' && sentence !== undefined)
  const words = outcomes.map(({ answer, sentence, door }) => {
    if (answer !== 'refused') return { word: answer, door }
    return { word: sentence === said?.sentence ? (said?.answer ?? '') : `refused: ${sentence}`, door }
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
      const wanted = deed.cells[caller.name][column] ?? ''
      expected[caller.name] = wanted
      actual[caller.name] = await cellOf(deed, caller, column, wanted, situation)
    }),
  )
  expect.soft(actual, `${deed.title}: ${column}`).toEqual(expected)
}

test('every door that is built stands in a table, and every door of a table is built', async () => {
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

test('a credential is the holder’s alone, while the access works in the cluster', async () => {
  const deed = tables.find(({ title }) => title === 'Issue a credential')
  if (!deed) throw new Error('no table says who takes a credential')
  await served.whileWorking(async () => {
    const real = await make('granting')
    await grantReaches(real.grantId, 'active')
    await checkColumn(deed, 'active', real)
  })
  for (const column of deed.columns.filter((one) => one !== 'active')) await checkColumn(deed, column)
})

test.each(tables.filter(({ title }) => title !== 'Issue a credential'))('$title', async (deed) => {
  // A list is asked for once: by then everything stands that it could show.
  await Promise.all(deed.columns.map(sharedSituation))
  for (const column of deed.columns) await checkColumn(deed, column)
})
