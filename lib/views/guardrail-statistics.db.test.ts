import { beforeAll, describe, expect, test } from 'vitest'
import { db } from '#lib/adapters/db/client'
import { saveEnding } from '#lib/adapters/db/grants/grant-progress'
import type { PersonActor } from '#lib/core/access/actor'
import { submitRequest } from '#lib/operations/submit-request'
import { testBench } from '#testing/bench'
import { aConfiguration, aGuardrail } from '#testing/configuration'
import { decide } from '#testing/decisions'
import { anActor, aSystemActor, companyActors } from '#testing/people'
import { rejectionOf } from '#testing/rejection'
import { aGrant, aSubmission } from '#testing/requests'
import { statementsOf } from '#testing/statements'
import { guardrailStatistics } from './guardrail-statistics.ts'

const { guard } = await testBench({
  configuration: aConfiguration({
    guardrails: [
      aGuardrail({ name: 'note', effect: 'warn' }),
      aGuardrail({ name: 'brief', effect: 'limit', limit: { maxDuration: 'PT1H' } }),
      aGuardrail({ name: 'never', effect: 'deny', when: 'false' }),
    ],
  }),
})
const { mina, jonas, priya, ines } = await companyActors('mina', 'jonas', 'priya', 'ines')
const another = await anActor()

beforeAll(async () => {
  for (const actor of [mina, mina, another]) await submitRequest(actor, aSubmission())
  await rejectionOf(submitRequest(another, aSubmission({ durationSeconds: 7200 })))
})

const countOf = async (actor: PersonActor, name: string, now?: Date) =>
  (await guardrailStatistics(actor, now)).find((one) => one.name === name)

test('a guardrail’s statistics count its matches and refusals, by day and by person', async () => {
  expect(await countOf(ines, 'note')).toMatchObject({ matched: 4, stopped: 0, others: 0 })
  const brief = await countOf(ines, 'brief')
  expect(brief).toMatchObject({ matched: 4, stopped: 1 })
  const people = brief?.people.map(({ id, name, count }) => [id, name, count])
  expect(people?.sort()).toEqual([mina, another].map(({ person }) => [person.id, person.name, 2]).sort())
  expect(brief?.days).toEqual([...Array(29).fill(0), 4])
  expect(await countOf(ines, 'never')).toBeUndefined()
  expect(await countOf(ines, 'note', new Date(Date.now() + 40 * 86_400_000))).toBeUndefined()
})

test('statistics name only people whose requests the reader may see, and count the others', async () => {
  expect(await countOf(mina, 'note')).toMatchObject({
    matched: 4,
    people: [{ id: mina.person.id, count: 2 }],
    others: 1,
  })
  // A lead may see submitted requests, but not refused attempts.
  const forLead = await countOf(priya, 'note')
  expect(forLead?.people.map(({ id, count }) => [id, count])).toEqual([
    [mina.person.id, 2],
    [another.person.id, 1],
  ])
  expect(await countOf(jonas, 'note')).toMatchObject({ matched: 4, people: [], others: 2 })
})

describe('what a guardrail stops after the submission', () => {
  test('an approval that a guardrail stops is counted apart from submissions, whether violated or too few approvals', async () => {
    const request = await submitRequest(mina, aSubmission())
    const approve = () => rejectionOf(decide(priya, request))
    await guard(
      { name: 'calm', effect: 'deny' },
      { name: 'frozen', effect: 'limit', limit: { maxDuration: 'PT5M' } },
      { name: 'warned', effect: 'warn' },
    )
    expect(await approve()).toMatchObject({ code: 'guardrail-violation' })
    const needs = (require: object) => ({ effect: 'require', require })
    await guard(
      { name: 'more', ...needs({ approvals: [{ groups: ['sre'] }] }) },
      { name: 'two', ...needs({ approvers: 2 }) },
      { name: 'enough', ...needs({ approvals: [{ groups: ['payments-leads'] }], approvers: 1 }) },
    )
    expect(await approve()).toMatchObject({ code: 'conflict' })
    await approve()
    const counts = await Promise.all(
      ['calm', 'frozen', 'more', 'two', 'warned', 'enough'].map((name) => countOf(mina, name)),
    )
    expect(counts.map((one) => one?.stoppedDeciding)).toEqual([1, 1, 2, 2, undefined, undefined])
    expect(counts[0]).toEqual({
      ...{ name: 'calm', matched: 0, stopped: 0, stoppedDeciding: 1, stoppedGranting: 0 },
      ...{ days: Array(30).fill(0), people: [], others: 0 },
    })
  })

  test('an approval that is refused for another reason is counted for no guardrail', async () => {
    await guard()
    const before = await guardrailStatistics(mina)
    await rejectionOf(decide(mina, await submitRequest(mina, aSubmission())))
    const later = (all: typeof before) => all.map(({ name, stoppedDeciding }) => [name, stoppedDeciding])
    expect(later(await guardrailStatistics(mina)).sort()).toEqual(later(before).sort())
  })

  test('a grant that a guardrail stops before it is created is counted apart', async () => {
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

test('statistics need one statement, however many guardrails and people there are', async () => {
  expect(await statementsOf(() => guardrailStatistics(mina))).toHaveLength(1)
})
