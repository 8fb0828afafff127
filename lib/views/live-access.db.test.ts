import { expect, test } from 'vitest'
import { db } from '#lib/adapters/db/client'
import type { PersonActor } from '#lib/core/access/actor'
import { testBench } from '#testing/bench'
import { anActor, companyActors } from '#testing/people'
import { aDecision, aGrant, aRequest } from '#testing/requests'
import { statementsOf } from '#testing/statements'
import { liveAccess } from './live-access.ts'
import { ownDecisions } from './own-decisions.ts'

await testBench()
const { mina, jonas, priya, ines, ola } = await companyActors('mina', 'jonas', 'priya', 'ines', 'ola')

const live = async (actor: PersonActor) =>
  (await liveAccess(actor, { scope: null, limit: 100 })).items.map(({ grant }) => grant?.id)
const grantOf = (holder: PersonActor, status: 'pending' | 'active' | 'ending' | 'ended' = 'active') =>
  aGrant({ holder: holder.person, status })

test('live access is what has not ended, newest first, for those who may see it', async () => {
  const [first, second, third] = [await grantOf(mina, 'pending'), await grantOf(mina), await grantOf(mina, 'ending')]
  const ended = await grantOf(mina, 'ended')
  for (const actor of [mina, priya, ines, ola]) {
    const ids = await live(actor)
    expect(ids.filter((id) => [first, second, third].some((grant) => grant.id === id))).toEqual([
      third.id,
      second.id,
      first.id,
    ])
    expect(ids).not.toContain(ended.id)
  }
  expect(await live(jonas)).toEqual([])
})

test('a former approver still sees the live access that they decided about', async () => {
  const former = await anActor({ groups: ['payments-leads'] })
  const request = await aRequest({ requester: mina.person })
  await aDecision(request, former.person)
  former.person.groups = []
  expect(await live(former)).toEqual([])
  const approved = await db().request.update({
    where: { id: request.id },
    data: { status: 'approved', resolvedAt: new Date() },
  })
  const grant = await aGrant({ request: approved, status: 'active' })
  expect(await live(former)).toEqual([grant.id])
})

test('each scope counts what the reader may see, and what they may revoke', async () => {
  const holder = await anActor({ groups: ['payments-dev'] })
  await grantOf(holder)
  await grantOf(holder, 'ending')
  const steps = [{ groups: ['sre'], count: 1 }]
  const other = await aRequest({
    requester: holder.person,
    status: 'approved',
    steps,
    cluster: 'staging',
    namespaces: ['a', 'b'],
  })
  await aGrant({ request: other, status: 'active' })
  const scopes = async (actor: PersonActor) => {
    const { scopes } = await liveAccess(actor, { scope: null })
    const of = (by: string, name: string) => {
      const found = scopes.find((scope) => scope.by === by && scope.name === name)
      return found ? [found.count, found.revocable] : null
    }
    return [of('person', holder.person.id), of('cluster', 'staging'), of('namespace', 'b')]
  }
  expect(await scopes(ola)).toEqual([
    [3, 2],
    [1, 1],
    [1, 1],
  ])
  expect(await scopes(ines)).toEqual([
    [3, 0],
    [1, 0],
    [1, 0],
  ])
  expect(await scopes(priya)).toEqual([[2, 1], null, null])
  expect(await scopes(holder)).toEqual([
    [3, 0],
    [1, 0],
    [1, 0],
  ])
  expect(await scopes(jonas)).toEqual([null, null, null])
})

test('a scope narrows the list, pages by cursor, and shows nothing that is hidden without it', async () => {
  const holder = await anActor({ groups: ['payments-dev'] })
  const grants = [await grantOf(holder), await grantOf(holder), await grantOf(holder)]
  const scope = { by: 'person', name: holder.person.id } as const
  const first = await liveAccess(priya, { scope, limit: 2 })
  const second = await liveAccess(priya, { scope, limit: 2, cursor: first.nextCursor ?? '' })
  const ids = [...first.items, ...second.items].map(({ grant }) => grant?.id)
  expect(ids).toEqual(grants.map(({ id }) => id).reverse())
  expect(second.nextCursor).toBeNull()
  expect((await liveAccess(jonas, { scope })).items).toEqual([])
})

test('a hundred live grants need as many statements as one', async () => {
  const holder = await anActor({ groups: ['payments-dev'] })
  await grantOf(holder)
  const scope = { by: 'person', name: holder.person.id } as const
  const one = await statementsOf(() => liveAccess(ola, { scope, limit: 100 }))
  for (let i = 1; i < 100; i++) await grantOf(holder)
  const hundred = await statementsOf(() => liveAccess(ola, { scope, limit: 100 }))
  expect(hundred.length).toBe(one.length)
})

test('a person finds their own decisions and no others', async () => {
  const lead = await anActor({ groups: ['payments-leads'] })
  const [denied, approved] = [await aRequest(), await aRequest()]
  await aDecision(denied, lead.person, 'deny', 'not now')
  await aDecision(approved, lead.person)
  await aDecision(approved, priya.person)
  const first = await ownDecisions(lead, { limit: 1 })
  const second = await ownDecisions(lead, { limit: 1, cursor: first.nextCursor ?? '' })
  expect([...first.items, ...second.items].map(({ decision, note, request }) => [decision, note, request.id])).toEqual([
    ['approve', null, approved.id],
    ['deny', 'not now', denied.id],
  ])
  expect(second.nextCursor).toBeNull()
})
