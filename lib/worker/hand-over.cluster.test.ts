import { beforeAll, expect, test } from 'vitest'
import { acceptHandOvers } from '#lib/adapters/db/grants/hand-over'
import { normalizeRules, type Rule } from '#lib/core/access/rule'
import { userName } from '#lib/core/grants/names'
import { revokeGrant } from '#lib/operations/revoke-grant'
import { decide, requestRow } from '#testing/decisions'
import { eventTypesWhere } from '#testing/events'
import { grantReaches, objectsInCluster } from '#testing/grants'
import { canI, kubectl } from '#testing/kubectl'
import { anActor } from '#testing/people'
import { aRequest } from '#testing/requests'
import { statementsOf } from '#testing/statements'
import { until } from '#testing/until'
import { workerBench } from '#testing/worker'

// The worker of the process that decided or ended gets the grant with the commit, and reads none of it again.

const { database } = await workerBench()

const grantIdOf = async (request: { id: string }) => (await requestRow(request)).grant?.id ?? expect.fail('no grant')

const isRead = async () => (await database.asApp('SELECT FROM cluster_states WHERE reachable')).length > 0
beforeAll(() => until('the worker has read its cluster', isRead))

test('access is granted and ended in four moves, and the names of its objects are written once', async () => {
  const lead = await anActor({ groups: ['payments-leads'] })
  const request = await aRequest()
  const statements = await statementsOf(async () => {
    await decide(lead, request)
    const id = await grantIdOf(request)
    await grantReaches(id, 'active')
    await revokeGrant(lead, id, { reason: 'the incident is over' })
    await grantReaches(id, 'ended')
  })
  const id = await grantIdOf(request)
  expect(await objectsInCluster(id)).toEqual([])
  expect(await eventTypesWhere({ grantId: id })).toEqual([
    'grant.intent-recorded',
    ...Array.from({ length: 3 }, () => 'grant.object-created'),
    'grant.active',
    'grant.ending',
    ...Array.from({ length: 3 }, () => 'grant.object-deleted'),
    'grant.ended',
  ])
  const count = (pattern: RegExp) => statements.filter((sql) => pattern.test(sql)).length
  expect({
    moves: count(/WITH moved AS/),
    names: count(/INSERT INTO grant_objects/),
  }).toEqual({ moves: 4, names: 1 })
})

test('rows that were changed between the commit and the beginning change nothing about the access', async () => {
  const lead = await anActor({ groups: ['payments-leads'] })
  const request = await aRequest()
  const { posternReserve: reserve } = globalThis as { posternReserve?: Parameters<typeof acceptHandOvers>[0] }
  if (!reserve) throw new Error('the worker accepts nothing')
  const begin = Promise.withResolvers<() => void>()
  acceptHandOvers((...args) => {
    const reservation = reserve(...args)
    return reservation && { ...reservation, take: (grant) => begin.resolve(() => reservation.take(grant)) }
  })
  try {
    await decide(lead, request)
    const beginNow = await begin.promise
    const everything = JSON.stringify([{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }])
    await database.asOwner('ALTER TABLE requests DISABLE TRIGGER USER')
    await database.asOwner('UPDATE requests SET rules = $2::jsonb WHERE id = $1', [request.id, everything])
    await database.asOwner('ALTER TABLE requests ENABLE TRIGGER USER')
    beginNow()
    const id = await grantIdOf(request)
    await grantReaches(id, 'active')
    const roles = await kubectl(['get', 'role', '-n', 'payments', '-l', `postern.dev/grant=${id}`, '-o', 'json'])
    expect(JSON.parse(roles).items[0].rules).toEqual(normalizeRules(request.rules as Rule[]))
    expect(await canI(userName(id), 'delete', 'secrets')).toBe('no')
    await revokeGrant(lead, id, { reason: 'forged' })
    await grantReaches(id, 'ended')
  } finally {
    acceptHandOvers(reserve)
  }
})
