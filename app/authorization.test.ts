import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { logWriting } from '#lib/worker/log/log-writer'
import { checkout } from '#local/processes/places'
import { type Cast, signInCallers } from '#testing/authorization/callers'
import { outsideClient } from '#testing/authorization/outside-client'
import { routesOf } from '#testing/authorization/routes'
import { aCrowdedClusterState, situationMaker } from '#testing/authorization/situations'
import { type AuthorizationTable, readTables } from '#testing/authorization/table'
import type { Caller, Column, Outcome, Route, Situation, State } from '#testing/authorization/words'
import { aConfiguration, anEntitlementDocument } from '#testing/configuration'
import { grantReaches } from '#testing/grants'
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
const outside = outsideClient(served.url)
const routes = routesOf(outside)
const routesFor = (table: AuthorizationTable) => routes.filter((route) => route.table === table.title)

let cast: Cast
let make: ReturnType<typeof situationMaker>
const shared = new Map<Column, Promise<Situation>>()
beforeAll(async () => {
  await aCrowdedClusterState()
  cast = await signInCallers(served)
  make = situationMaker(served, cast)
  await logWriting()(new AbortController().signal)
})

/** One situation of each state, shared by the callers who change nothing. */
function sharedSituation(state: Column): Promise<Situation> {
  const known = shared.get(state) ?? make(state === 'any' ? 'absent' : state)
  shared.set(state, known)
  return known
}

/** The common answer of all routes of one cell. An action returns no status: the API's sentence stands for its answer. */
async function cellOf(
  table: AuthorizationTable,
  caller: Caller,
  column: Column,
  expected: string,
  situation?: Situation,
) {
  const outcomes: Array<Outcome & { route: Route }> = []
  for (const route of routesFor(table)) {
    const isSpent = route.changes && expected === 'yes' && column !== 'any' && !situation
    const isApi = route.name.includes(' /api/v1/')
    for (const way of isApi && caller.inBrowser ? [caller, caller.inBrowser] : [caller]) {
      const one = isSpent ? await make(column as State) : (situation ?? (await sharedSituation(column)))
      outcomes.push({ route, ...(await route.call(way, one)) })
    }
  }
  const words = outcomes.map(({ answer, sentence, route }) => {
    if (answer !== 'refused') return { word: answer, route }
    const same = outcomes.find((one) => one.answer !== 'refused' && one.sentence === sentence)
    return { word: same?.answer ?? `refused: ${sentence}`, route }
  })
  const [first] = words
  if (words.every(({ word }) => word === first?.word)) return first?.word
  return words.map(({ word, route }) => `${route.name}: ${word}`).join('; ')
}

async function checkColumn(table: AuthorizationTable, column: Column, situation?: Situation) {
  const actual: Record<string, unknown> = {}
  const expected: Record<string, unknown> = {}
  await Promise.all(
    cast.callers.map(async (caller) => {
      const answer = table.cells[caller.name][column] ?? ''
      expected[caller.name] = answer
      actual[caller.name] = await cellOf(table, caller, column, answer, situation)
    }),
  )
  expect.soft(actual, `${table.title}: ${column}`).toEqual(expected)
}

test('every route and action of the build is in a table, and every one of a table is in the build', async () => {
  const methods = async (path: string) => {
    const url = path.replace(/\[(id|cluster)\]/, 'x')
    const preflight = await outside.send(url, { method: 'OPTIONS' })
    // The proxy rejects OPTIONS outside the API, so the route itself answers a call from its own origin.
    const answer =
      preflight.status === 405
        ? await outside.send(url, { method: 'POST', headers: { origin: served.url } })
        : preflight
    const allowed = answer.headers.get('allow')?.split(/, */) ?? ['*']
    return allowed.filter((method) => !['HEAD', 'OPTIONS'].includes(method))
  }
  const withoutUse = (name: string) => name.replace(/\?.*/, '')
  const files = readdirSync(join(checkout, 'app'), { recursive: true, encoding: 'utf8' })
  const pathOf = (file: string) => `/${file.replace(/\([^)]*\)\/|\/?(route\.ts|page\.tsx)$/g, '')}`
  const routePaths = files.filter((file) => file.endsWith('route.ts')).map(pathOf)
  const built = [
    ...(await Promise.all(
      routePaths.map(async (path) =>
        (await methods(path)).map((method) => `${method} ${path.replace(/\[(\w+)\]/g, '{$1}')}`),
      ),
    )),
    ...files.filter((file) => file.endsWith('page.tsx')).map((file) => `page ${pathOf(file)}`),
    ...outside.actions.map(({ name }) => `action ${name}`),
    ...readdirSync(join(checkout, 'public')).map((file) => `file /${file}`),
    'file /icon.svg',
    // Next.js lists its own addresses nowhere.
    ...routes.filter(({ name }) => name.startsWith('next ')).map(({ name }) => withoutUse(name)),
  ].flat()
  expect(new Set(routes.map(({ name }) => withoutUse(name)))).toEqual(new Set(built))
  for (const table of tables)
    expect(
      routesFor(table).map(({ name }) => name),
      table.title,
    ).toEqual(table.routes)
  expect(routes.filter(({ table }) => !tables.some(({ title }) => title === table))).toEqual([])
})

test('only the holder can issue a credential, and only while the grant is active', async () => {
  const table = tables.find(({ title }) => title === 'Issue a credential')
  if (!table) throw new Error('no table covers issuing a credential')
  await served.whileWorking(async () => {
    const real = await make('granting', undefined, 'payments')
    await grantReaches(real.grantId, 'active')
    await checkColumn(table, 'active', real)
  })
  // The worker has read the real cluster.
  await aCrowdedClusterState()
  for (const column of table.columns.filter((one) => one !== 'active')) await checkColumn(table, column)
})

test.each(tables.filter(({ title }) => title !== 'Issue a credential'))(
  '$title: every caller gets the documented answer in every state',
  async (table) => {
    // Each list is read once, so everything that it could show must exist before.
    await Promise.all(table.columns.map(sharedSituation))
    for (const column of table.columns) await checkColumn(table, column)
  },
)
