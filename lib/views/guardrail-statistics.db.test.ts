import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { db } from '#lib/adapters/db/client'
import { saveEnding } from '#lib/adapters/db/grants/grant-progress'
import type { PersonActor } from '#lib/core/access/actor'
import { decideRequest } from '#lib/operations/decide-request'
import { submitRequest } from '#lib/operations/submit-request'
import { aConfiguration } from '#testing/configuration'
import { testDatabase } from '#testing/database'
import { anActor, aSystemActor } from '#testing/people'
import { testPolicy } from '#testing/policy'
import { rejectionOf } from '#testing/rejection'
import { aClusterState, aGrant } from '#testing/requests'
import { statementsOf } from '#testing/statements'
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
const requestFor = (actor: PersonActor, durationSeconds: number) =>
  submitRequest(actor, {
    entitlement: 'payments-restart',
    cluster: 'prod-eu',
    namespaces: ['payments'],
    reason: 'the checkout pods hang since the last deploy',
    durationSeconds,
  })

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
    const asked = requestFor(actor, duration)
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
  expect(await countOf(auditor, 'note')).toMatchObject({ matched: 4, stopped: 0, others: 0 })
  const brief = await countOf(auditor, 'brief')
  expect(brief).toMatchObject({ matched: 4, stopped: 1 })
  const people = brief?.people.map(({ id, name, count }) => [id, name, count])
  expect(people?.sort()).toEqual([mina, jonas].map(({ person }) => [person.id, person.name, 2]).sort())
  expect(brief?.days).toEqual([...Array(29).fill(0), 4])
  expect(await countOf(auditor, 'never')).toBeUndefined()
  expect(await countOf(auditor, 'note', new Date(Date.now() + 40 * 86_400_000))).toBeUndefined()
})

test('only people whose asks the reader may see are named; the others are a number', async () => {
  expect(await countOf(mina, 'note')).toMatchObject({
    matched: 4,
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
  expect(await countOf(stranger, 'note')).toMatchObject({ matched: 4, people: [], others: 2 })
})

describe('what was stopped after it was asked for', () => {
  const stop = (name: string, one: object) => ({ name, description: 'Calm is kept.', ...one })
  const guard = (...guardrails: ReturnType<typeof stop>[]) => policy.change(aConfiguration({ guardrails }))
  const asked = () => requestFor(mina, 1800)

  test('counts each yes that was refused, by violation or for want of people, apart from what was asked', async () => {
    const lead = await anActor({ groups: ['payments-leads'] })
    const { id, digest } = await asked()
    const approve = () => rejectionOf(decideRequest(lead, id, { decision: 'approve', digest }))
    await guard(
      stop('calm', { effect: 'deny' }),
      stop('frozen', { effect: 'limit', limit: { maxDuration: 'PT5M' } }),
      stop('told', { effect: 'warn' }),
    )
    expect(await approve()).toMatchObject({ code: 'guardrail-violation' })
    const needs = (require: object) => ({ effect: 'require', require })
    await guard(
      stop('more', needs({ approvals: [{ groups: ['sre'] }] })),
      stop('two', needs({ approvers: 2 })),
      stop('enough', needs({ approvals: [{ groups: ['payments-leads'] }], approvers: 1 })),
    )
    expect(await approve()).toMatchObject({ code: 'conflict' })
    await approve()
    const counts = await Promise.all(
      ['calm', 'frozen', 'more', 'two', 'told', 'enough'].map((name) => countOf(mina, name)),
    )
    expect(counts.map((one) => one?.stoppedDeciding)).toEqual([1, 1, 2, 2, undefined, undefined])
    expect(counts[0]).toEqual({
      ...{ name: 'calm', matched: 0, stopped: 0, stoppedDeciding: 1, stoppedGranting: 0 },
      ...{ days: Array(30).fill(0), people: [], others: 0 },
    })
  })

  test('counts a yes that was refused for another reason for no guardrail', async () => {
    await policy.change(aConfiguration())
    const before = await guardrailStatistics(mina)
    const { id, digest } = await asked()
    await rejectionOf(decideRequest(mina, id, { decision: 'approve', digest }))
    const later = (all: typeof before) => all.map(({ name, stoppedDeciding }) => [name, stoppedDeciding])
    expect(later(await guardrailStatistics(mina)).sort()).toEqual(later(before).sort())
  })

  test('counts each grant that it stopped right before it was made', async () => {
    const { id } = await aGrant({ status: 'pending' })
    const { request } = await db().grant.findUniqueOrThrow({ where: { id }, include: { request: true } })
    const actor = aSystemActor()
    const { id: requestId, requesterId, entitlementName, cluster } = request
    const about = { grantId: id, requestId, personId: requesterId, cluster }
    const ending = { endedBy: 'ineligible', note: 'Calm is kept.', code: 'calm', now: new Date() } as const
    await saveEnding({ id, actor, about, requestId, requesterId, entitlementName, cluster }, 'pending', {
      ...ending,
      stoppedBy: ['calm', 'note'],
    })
    expect(await countOf(mina, 'calm')).toMatchObject({ matched: 0, stoppedDeciding: 1, stoppedGranting: 1 })
    expect(await countOf(mina, 'note')).toMatchObject({ stopped: 0, stoppedDeciding: 0, stoppedGranting: 1 })
    expect(await countOf(mina, 'calm', new Date(Date.now() + 40 * 86_400_000))).toBeUndefined()
  })
})

test('it is one statement, however many guardrails and people there are', async () => {
  expect(await statementsOf(() => guardrailStatistics(mina))).toHaveLength(1)
})
