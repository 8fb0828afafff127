import { afterAll, beforeAll, expect, test } from 'vitest'
import type { PersonActor } from '#lib/access/actor'
import { submitRequest } from '#lib/operations/submit-request'
import { aConfiguration } from '#lib/testing/configuration'
import { testDatabase } from '#lib/testing/database'
import { anActor } from '#lib/testing/people'
import { testPolicy } from '#lib/testing/policy'
import { rejectionOf } from '#lib/testing/rejection'
import { aClusterState } from '#lib/testing/requests'
import { statementsOf } from '#lib/testing/statements'
import { guardrailStatistics } from './guardrail-statistics.ts'

const database = await testDatabase()
const policy = await testPolicy(
  aConfiguration({
    guardrails: [
      { name: 'note', description: 'Tell the channel.', effect: 'warn' },
      { name: 'brief', description: 'Be brief.', effect: 'limit', limit: { maxDuration: 'PT1H' } },
      { name: 'never', description: 'Never.', effect: 'deny', when: 'false' },
    ],
  }),
)
let mina: PersonActor
let jonas: PersonActor
beforeAll(async () => {
  await aClusterState()
  ;[mina, jonas] = [await anActor(), await anActor()]
  for (const [actor, duration] of [
    [mina, 1800],
    [mina, 1800],
    [jonas, 1800],
    [jonas, 7200],
  ] as const) {
    const asked = submitRequest(actor, {
      entitlement: 'payments-restart',
      cluster: 'prod-eu',
      namespaces: ['payments'],
      reason: 'the checkout pods hang since the last deploy',
      duration,
    })
    await (duration === 7200 ? rejectionOf(asked) : asked)
  }
})
afterAll(async () => {
  await policy.stop()
  await database.drop()
})

const countOf = async (actor: PersonActor, name: string, now?: Date) =>
  (await guardrailStatistics(actor, now)).find((one) => one.name === name)

test('each guardrail is told with how often it came in and refused, when, and on whom', async () => {
  const auditor = await anActor({ roles: ['auditor'] })
  expect(await countOf(auditor, 'note')).toMatchObject({ fired: 4, stopped: 0, others: 0 })
  const brief = await countOf(auditor, 'brief')
  expect(brief).toMatchObject({ fired: 4, stopped: 1 })
  const people = brief?.people.map(({ id, name, count }) => [id, name, count])
  expect(people?.sort()).toEqual([mina, jonas].map(({ person }) => [person.id, person.name, 2]).sort())
  expect(brief?.days).toEqual([...Array(29).fill(0), 4])
  expect(await countOf(auditor, 'never')).toBeUndefined()
  expect(await countOf(auditor, 'note', new Date(Date.now() + 40 * 86_400_000))).toBeUndefined()
})

test('only people whose asks the reader may see are named; the others are a number', async () => {
  expect(await countOf(mina, 'note')).toMatchObject({
    fired: 4,
    people: [{ id: mina.person.id, count: 2 }],
    others: 1,
  })
  // A lead sees the requests that were asked of them, and no refused attempt.
  const lead = await anActor({ groups: ['payments-leads'] })
  const seen = await countOf(lead, 'note')
  expect(seen?.people.map(({ id, count }) => [id, count])).toEqual([
    [mina.person.id, 2],
    [jonas.person.id, 1],
  ])
  const stranger = await anActor({ groups: ['search-dev'] })
  expect(await countOf(stranger, 'note')).toMatchObject({ fired: 4, people: [], others: 2 })
})

test('it is one statement, however many guardrails and people there are', async () => {
  expect(await statementsOf(() => guardrailStatistics(mina))).toHaveLength(1)
})
