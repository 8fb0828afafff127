import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Changes, stopChanges, subscribeToChanges } from '#lib/adapters/db/changes'
import { db } from '#lib/adapters/db/client'
import type { PersonActor } from '#lib/core/access/actor'
import { testDatabase } from '#testing/database'
import { anActor } from '#testing/people'
import { testPolicy } from '#testing/policy'
import { aClusterState, aDecision, aRequest } from '#testing/requests'
import { until } from '#testing/until'
import { watchChanges } from './watch-changes.ts'

const database = await testDatabase()
await testPolicy()

let mina: PersonActor
let jonas: PersonActor
let lead: PersonActor
const heard: string[] = []
/** What the database announced: once a later change was heard, an earlier one is not still on its way. */
const announced: Changes[] = []
const ends: Array<() => void> = []

beforeAll(async () => {
  await aClusterState()
  mina = await anActor()
  jonas = await anActor()
  lead = await anActor({ groups: ['payments-leads'] })
  ends.push(subscribeToChanges((changes) => announced.push(changes)))
  for (const [name, actor] of Object.entries({ mina, jonas, lead }))
    ends.push(watchChanges(actor, () => heard.push(name)))
  // Each new connection counts as a change for everyone.
  await until('the first announcement', () => announced.length > 0)
})
afterAll(async () => {
  for (const end of ends) end()
  await stopChanges()
  await database.drop()
})

async function heardAfter(change: () => Promise<unknown>): Promise<string[]> {
  heard.length = 0
  const before = announced.length
  await change()
  await until('the announcement', () => announced.length > before)
  return [...new Set(heard)].sort()
}

test('a new request is announced to its requester and its approvers, and to no one else', async () => {
  expect(await heardAfter(() => aRequest({ requester: mina.person }))).toEqual(['lead', 'mina'])
})

test('a decision is announced to the requester and the approvers', async () => {
  const request = await aRequest({ requester: jonas.person })
  expect(await heardAfter(() => aDecision(request, lead.person))).toEqual(['jonas', 'lead'])
})

test('a cluster that becomes unreachable is announced to everyone', async () => {
  const change = () => db().clusterState.update({ where: { name: 'prod-eu' }, data: { reachable: false } })
  expect(await heardAfter(change)).toEqual(['jonas', 'lead', 'mina'])
})

test('a heartbeat of the cluster that changes nothing on a page is not announced', async () => {
  await db().clusterState.update({ where: { name: 'prod-eu' }, data: { checkedAt: new Date() } })
  expect(await heardAfter(() => aRequest({ requester: mina.person }))).toEqual(['lead', 'mina'])
})

test('a page that was rendered before a change hears of it when its stream opens', async () => {
  const renderedAt = Date.now()
  await heardAfter(() => aRequest({ requester: mina.person }))
  const late: string[] = []
  watchChanges(mina, () => late.push('mina'), renderedAt)()
  expect(late).toContain('mina')
})

test('a page that was rendered longer ago than changes are remembered is refreshed when its stream opens', () => {
  const late: string[] = []
  watchChanges(jonas, () => late.push('jonas'), Date.now() - 3_600_000)()
  expect(late).toEqual(['jonas'])
})
