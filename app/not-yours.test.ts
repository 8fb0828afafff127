import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { newId } from '#lib/adapters/db/ids'
import { checkout } from '#local/processes/places'
import { assembleCast, type Cast } from '#testing/authorization/callers'
import { doorsOf } from '#testing/authorization/doors'
import { situationMaker } from '#testing/authorization/situations'
import { stranger } from '#testing/authorization/stranger'
import { readTables } from '#testing/authorization/table'
import type { Caller, CallerName, Situation } from '#testing/authorization/words'
import { aConfiguration, anEntitlementDocument } from '#testing/configuration'
import { aClusterState } from '#testing/requests'
import { servedPostern } from '#testing/served'

// Promise 12, to the byte: what is not there and what is not yours are one answer, at every door that takes an id.

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

/** Raw answers, each in a form in which only what must differ from call to call is left out. */
const answers: string[] = []
const outside = stranger(served.url, async (response) => {
  const headers = [...response.headers].filter(([name]) => !['date', 'postern-reference'].includes(name)).sort()
  answers.push(`${response.status}\n${JSON.stringify(headers)}\n${await response.text()}`)
})
/** A list names nothing: what it leaves out is in the tables. */
const named = readTables(join(checkout, 'docs/authorization.md')).filter(
  ({ title, columns }) => columns.includes('absent') && !title.startsWith('Find'),
)
const doors = doorsOf(outside).filter(({ deed }) => named.some(({ title }) => title === deed))

let cast: Cast
let situations: Situation[]
beforeAll(async () => {
  await aClusterState()
  cast = await assembleCast(served)
  const make = situationMaker(served, cast)
  situations = [await make('half'), await make('active')]
})

/**
 * The rows of a page's data without their numbers, in one order: the server sends each as soon as it is there and numbers
 * them as they come, which differs from call to call of the same page. Source: the "Flight" format of React's server.
 */
const inOneOrder = (page: string): string =>
  page
    .replaceAll('"])</script><script nonce="<nonce>">self.__next_f.push([1,"', '')
    .split('\\n')
    .map((row) => row.replace(/^[0-9a-f]{1,3}:/, '').replace(/\$[A-Za-z@]?[0-9a-f]{1,3}(?=\\*")/g, '$'))
    .sort()
    .join('\n')

/** Without the id that was asked for, and what is new in every answer: reference, nonce, the page's clock. */
const comparable = (answer: string, { requestId, grantId }: Situation) =>
  inOneOrder(
    answer
      .replaceAll(/^[a-z]{3}_/.test(requestId) ? requestId : '<id>', '<id>')
      .replaceAll(/^[a-z]{3}_/.test(grantId) ? grantId : '<id>', '<id>')
      .replace(/(reference\\*":\\*")[0-9a-z]{10}/g, '$1<reference>')
      .replace(/nonce(=\\?"|-|\\*":\\*")[A-Za-z0-9+/]{24}/g, 'nonce$1<nonce>')
      .replace(/(\\?"now\\?":)\d{13}/g, '$1<now>'),
  )

async function told(caller: Caller, door: (typeof doors)[number], situation: Situation): Promise<string[]> {
  answers.length = 0
  await door.call(caller, situation)
  return answers.map((answer) => comparable(answer, situation))
}

const nothing = (): Situation => ({
  ...{ state: 'absent', requestId: newId('request'), grantId: newId('grant') },
  ...{ digest: `sha256:${'0'.repeat(64)}`, reason: 'nobody has asked' },
})

const strangers: CallerName[] = ['unrelated', 'colleague', 'former']

test.each(doors.map((door) => [door.door, door] as const))('%s', async (_, door) => {
  for (const caller of cast.callers.filter(({ name }) => strangers.includes(name)))
    for (const situation of situations) {
      const absent = await told(caller, door, nothing())
      expect(absent.length).toBeGreaterThan(0)
      expect(await told(caller, door, situation), `${caller.name}, ${situation.state}`).toEqual(absent)
    }
})

test('an address in which something has not the form of an id is answered like an id that nothing has', async () => {
  const [caller] = cast.callers.filter(({ name }) => name === 'requester')
  if (!caller) throw new Error('nobody plays the requester')
  for (const door of doors.filter((one) => one.door.includes(' /api/v1/') && one.door.includes('{id}'))) {
    const absent = await told(caller, door, nothing())
    for (const id of ['x', newId('event'), 'req_..%2f..', '%00', 'constructor', '__proto__', 'r'.repeat(500)])
      expect(await told(caller, door, { ...nothing(), requestId: id, grantId: id }), `${door.door}: ${id}`).toEqual(
        absent,
      )
  }
})
