import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { withConcurrency } from '#lib/adapters/cluster/with-concurrency'
import { newId } from '#lib/adapters/db/ids'
import { checkout } from '#local/processes/places'
import { type Cast, signInCallers } from '#testing/authorization/callers'
import { outsideClient } from '#testing/authorization/outside-client'
import { routesOf } from '#testing/authorization/routes'
import { aCrowdedClusterState, situationMaker } from '#testing/authorization/situations'
import { readTables } from '#testing/authorization/table'
import type { Caller, CallerName, Situation } from '#testing/authorization/words'
import { aConfiguration, anEntitlementDocument } from '#testing/configuration'
import { servedPostern } from '#testing/served'

// Promise 12, to the byte: every route with an id answers alike for a missing object and for one the caller may not see.

const served = await servedPostern({
  entitlements: [
    anEntitlementDocument({
      who: { groups: ['payments-dev'] },
      approvals: [{ groups: ['payments-leads'] }, { groups: ['sre'] }],
    }),
  ],
  roles: aConfiguration().roles,
})
afterAll(served.stop)

/** A client, and the raw responses that it received, without the headers that differ between any two calls. */
function aClient() {
  const answers: string[] = []
  const outside = outsideClient(served.url, async (response) => {
    const headers = [...response.headers].filter(([name]) => !['date', 'postern-reference'].includes(name)).sort()
    answers.push(`${response.status}\n${JSON.stringify(headers)}\n${await response.text()}`)
  })
  return { answers, routes: routesOf(outside) }
}
/** The operations that name an object. Lists do not; the tables cover what they leave out. */
const named = readTables(join(checkout, 'docs/authorization.md')).filter(
  ({ title, columns }) => columns.includes('absent') && !title.startsWith('List'),
)
const routes = aClient()
  .routes.filter(({ table }) => named.some(({ title }) => title === table))
  .map(({ name, table }) => ({ name, table }))

let cast: Cast
let situations: Situation[]
beforeAll(async () => {
  await aCrowdedClusterState()
  cast = await signInCallers(served)
  const make = situationMaker(served, cast)
  situations = [await make('half'), await make('active')]
})

/**
 * The rows of a page's data in a fixed order and without their numbers: React's server ("Flight" format) sends and numbers
 * them as they become ready, which differs between calls of the same page. In HTML they are strings of scripts.
 */
const inOneOrder = (page: string): string =>
  page
    .replaceAll('"])</script><script nonce="<nonce>">self.__next_f.push([1,"', '')
    .split(/\n|\\n/)
    .map((row) => row.replace(/^[0-9a-f]{1,3}:/, '').replace(/\$[A-Za-z@]?[0-9a-f]{1,3}(?=\\*")/g, '$'))
    .sort()
    .join('\n')

/** A response without what was sent (ids, digest, namespace) and what is new each time: reference, nonce, key, the page's clock. */
const comparable = (answer: string, { requestId, grantId, digest, namespace }: Situation) =>
  inOneOrder(
    answer
      .replaceAll(/^[a-z]{3}_/.test(requestId) ? requestId : '<id>', '<id>')
      .replaceAll(/^[a-z]{3}_/.test(grantId) ? grantId : '<id>', '<id>')
      .replaceAll(digest, '<digest>')
      .replaceAll(namespace, '<namespace>')
      .replace(/(reference\\*":\\*")[0-9a-z]{10}/g, '$1<reference>')
      .replace(/nonce(=\\?"|-|\\*":\\*")[A-Za-z0-9+/]{24}/g, 'nonce$1<nonce>')
      // Next.js's own key of a response.
      .replace(/(\\?")[\w-]{21}([vm]\\?")/g, '$1<key>$2')
      .replace(/(\\?"(?:now|renderedAt)\\?":)\d{13}/g, '$1<now>'),
  )

/** Calls one route by its name, over a client of its own, because others call at the same time. */
function answersFrom(name: string) {
  const client = aClient()
  const route = client.routes.find((one) => one.name === name)
  return async (caller: Caller, situation: Situation): Promise<string[]> => {
    client.answers.length = 0
    await route?.call(caller, situation)
    return client.answers.map((answer) => comparable(answer, situation))
  }
}

const nothing = (): Situation => ({
  ...{ state: 'absent', requestId: newId('request'), grantId: newId('grant') },
  ...{ digest: `sha256:${'0'.repeat(64)}`, reason: 'no such request', namespace: 'no-such-namespace' },
})

const ineligible: CallerName[] = ['unrelated', 'colleague', 'former']

test.each(routes.map((route) => [route.name, route] as const))(
  '%s responds alike to a missing and to a hidden object',
  async (name, { table }) => {
    const compare = async (caller: Caller) => {
      const answersTo = answersFrom(name)
      for (const situation of situations) {
        // A request has namespaces of its own, whatever access it extends: they answer differently, and hide nothing.
        const { namespace } = table === 'Extend access' ? situation : nothing()
        const absent = await answersTo(caller, { ...nothing(), namespace })
        expect(absent.length).toBeGreaterThan(0)
        expect(await answersTo(caller, situation), `${caller.name}, ${situation.state}`).toEqual(absent)
      }
    }
    await Promise.all(cast.callers.filter(({ name }) => ineligible.includes(name)).map(compare))
  },
)

test('a malformed id gets the same answer as an id that does not exist', async () => {
  const [caller] = cast.callers.filter(({ name }) => name === 'requester')
  if (!caller) throw new Error('the cast has no requester')
  // As many at once as the API works on for one person.
  await withConcurrency(
    4,
    routes.filter(({ name }) => name.includes(' /api/v1/') && name.includes('{id}')),
    async ({ name }) => {
      const answersTo = answersFrom(name)
      const absent = await answersTo(caller, nothing())
      for (const id of ['x', newId('event'), 'req_..%2f..', '%00', 'constructor', '__proto__', 'r'.repeat(500)])
        expect(await answersTo(caller, { ...nothing(), requestId: id, grantId: id }), `${name}: ${id}`).toEqual(absent)
    },
  )
})
