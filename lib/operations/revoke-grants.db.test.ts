import { expect, test } from 'vitest'
import { db } from '#lib/adapters/db/client'
import { newId } from '#lib/adapters/db/ids'
import type { PersonActor } from '#lib/core/access/actor'
import type { BulkRevocation, BulkRevocationResult } from '#lib/core/access/revocation'
import { mostRevocations } from '#lib/core/access/revocation-scope'
import { atOnce } from '#testing/at-once'
import { testBench } from '#testing/bench'
import { anEntitlement } from '#testing/configuration'
import { eventsWhere, eventTypesWhere, lastEventData } from '#testing/events'
import { anActor, aPerson, companyActors } from '#testing/people'
import { expectSameRejection, rejectionOf } from '#testing/rejection'
import { aGrant, aRequest } from '#testing/requests'
import { statementsOf } from '#testing/statements'
import { revokeGrants } from './revoke-grants.ts'

const { database } = await testBench()
const { jonas, priya, ines, ola } = await companyActors('jonas', 'priya', 'ines', 'ola')
const reason = 'the laptop was stolen'

const ofPerson = ({ person }: PersonActor, over: Partial<BulkRevocation> = {}): BulkRevocation => {
  return { by: 'person', name: person.id, confirm: person.name, reason, ...over }
}
const named = (by: 'entitlement' | 'namespace' | 'cluster', name: string): BulkRevocation => {
  return { by, name, confirm: name, reason }
}
const statusOf = async (id: string) => (await db().grant.findUniqueOrThrow({ where: { id } })).status
const heldBy = (holder: PersonActor) => aGrant({ holder: holder.person, status: 'active' })
/** A live grant that only the group sre approves. */
const ofOtherApprovers = async (holder: PersonActor) =>
  aGrant({
    request: await aRequest({ requester: holder.person, status: 'approved', steps: [{ groups: ['sre'], count: 1 }] }),
    status: 'active',
  })

test('all live access of a person ends, and one event lists it', async () => {
  const holder = await anActor({ groups: ['payments-dev'] })
  const live = [await heldBy(holder), await aGrant({ holder: holder.person })]
  const others = [await heldBy(jonas), await aGrant({ holder: holder.person, status: 'ended' })]
  const result = await revokeGrants(ola, ofPerson(holder))
  expect(result.revoked.map(({ id }) => id)).toEqual(live.map(({ id }) => id))
  expect(result).toMatchObject({ notYours: 0, remaining: 0 })
  for (const { id } of live) {
    const row = await db().grant.findUniqueOrThrow({ where: { id } })
    expect(row).toMatchObject({ status: 'ending', endedBy: 'revocation', endedByName: 'Ola Nowak', endNote: reason })
    expect(await eventTypesWhere({ grantId: id })).toEqual(['grant.ending'])
  }
  expect(await Promise.all(others.map(({ id }) => statusOf(id)))).toEqual(['active', 'ended'])
  const [event, ...more] = await eventsWhere({ type: 'grants.revoked', aboutId: holder.person.id })
  expect(more).toEqual([])
  expect(event?.data).toEqual({
    ...{ by: 'person', name: holder.person.id, label: holder.person.name, note: reason },
    grants: live.map(({ id, requestId }) => ({ id, requestId, holder: holder.person.name })),
  })
})

test('a scope is an entitlement, a namespace or a cluster, and ends nothing outside of it', async () => {
  const entitlement = anEntitlement({ name: 'scoped', title: 'Scoped' })
  const scoped = async (over: Parameters<typeof aRequest>[0]) =>
    aGrant({ request: await aRequest({ status: 'approved', ...over }), status: 'active' })
  const cases = [
    { input: named('entitlement', 'scoped'), inside: await scoped({ entitlement }) },
    { input: named('namespace', 'checkout-eu'), inside: await scoped({ namespaces: ['payments', 'checkout-eu'] }) },
    { input: named('cluster', 'staging'), inside: await scoped({ cluster: 'staging' }) },
  ]
  const outside = await scoped({})
  for (const { input, inside } of cases) {
    const { revoked } = await revokeGrants(ola, input)
    expect(
      revoked.map(({ id }) => id),
      input.by,
    ).toEqual([inside.id])
  }
  expect(await statusOf(outside.id)).toBe('active')
})

test('an approver ends only what they may revoke, and learns only of what they may see', async () => {
  const holder = await anActor({ groups: ['payments-dev'] })
  const theirs = await heldBy(holder)
  const hidden = await ofOtherApprovers(holder)
  expect(await revokeGrants(priya, ofPerson(holder))).toEqual({
    revoked: [{ id: theirs.id, requestId: theirs.requestId, status: 'ending' }],
    ...{ notYours: 0, remaining: 0 },
  })
  expect(await statusOf(hidden.id)).toBe('active')
})

test('an auditor who approves some of it ends that, and learns how much is left', async () => {
  const holder = await anActor({ groups: ['payments-dev'] })
  const auditor = await anActor({ groups: ['security-audit', 'payments-leads'], roles: ['auditor'] })
  await heldBy(holder)
  const left = await ofOtherApprovers(holder)
  expect(await revokeGrants(auditor, ofPerson(holder))).toMatchObject({ notYours: 1 })
  expect(await statusOf(left.id)).toBe('active')
})

test('who sees the access but may not revoke it ends nothing, and the attempt is recorded', async () => {
  const holder = await anActor({ groups: ['payments-dev'] })
  const { id } = await heldBy(holder)
  for (const actor of [ines, holder]) {
    expect(await rejectionOf(revokeGrants(actor, ofPerson(holder)))).toMatchObject({ code: 'forbidden' })
    const refused = { type: 'grants.revocation-refused', actorId: actor.person.id }
    expect(await lastEventData(refused)).toMatchObject({ code: 'forbidden', by: 'person', name: holder.person.id })
  }
  expect(await statusOf(id)).toBe('active')
})

test('a name that matches nothing, and one whose access is another team’s, get the same answer', async () => {
  const holder = await anActor({ groups: ['payments-dev'] })
  await heldBy(holder)
  const nobody = { person: { ...holder.person, id: newId('person') } } as PersonActor
  await expectSameRejection(
    () => revokeGrants(jonas, ofPerson(holder)),
    () => revokeGrants(jonas, ofPerson(nobody)),
  )
  for (const by of ['entitlement', 'namespace', 'cluster'] as const)
    expect(await rejectionOf(revokeGrants(ola, named(by, "x' OR '1'='1")))).toMatchObject({ code: 'not-found' })
})

test('another name than that of the scope ends nothing', async () => {
  const holder = await anActor({ groups: ['payments-dev'] })
  const { id } = await heldBy(holder)
  for (const confirm of [holder.person.name.toUpperCase(), holder.person.email ?? '', 'prod-eu'])
    expect(await rejectionOf(revokeGrants(ola, ofPerson(holder, { confirm })))).toMatchObject({
      ...{ code: 'invalid', errors: [{ pointer: '/confirm' }] },
    })
  expect(await statusOf(id)).toBe('active')
})

test('no name protects its owner: a person is confirmed by ID as well', async () => {
  const holder = await anActor({ groups: ['payments-dev'], name: 'Mina\u200b\u202e' })
  const { id } = await heldBy(holder)
  await revokeGrants(ola, ofPerson(holder, { confirm: holder.person.id }))
  expect(await statusOf(id)).toBe('ending')
})

test('access that is already ending is not ended again', async () => {
  const holder = await anActor({ groups: ['payments-dev'] })
  await aGrant({ holder: holder.person, status: 'ending' })
  expect(await rejectionOf(revokeGrants(ola, ofPerson(holder)))).toMatchObject({ code: 'conflict' })
})

test('two bulk revocations at once end each grant once, and the second lists none of the first', async () => {
  const holder = await anActor({ groups: ['payments-dev'] })
  const grants = [await heldBy(holder), await heldBy(holder)]
  const calls = [ola, priya].map((actor) => () => revokeGrants(actor, ofPerson(holder)))
  const results = await atOnce(database, 'grants', grants[0]?.id ?? '', calls)
  expect(results).toMatchObject([{ status: 'fulfilled' }, { status: 'rejected', reason: { code: 'conflict' } }])
  expect(await eventTypesWhere({ type: 'grants.revoked', aboutId: holder.person.id })).toHaveLength(1)
  for (const { id } of grants) expect(await eventTypesWhere({ grantId: id })).toEqual(['grant.ending'])
})

test('one call ends at most five hundred grants and says how many remain', async () => {
  const holder = await aPerson({ groups: ['payments-dev'] })
  const request = await aRequest({ requester: holder, cluster: 'crowded' })
  await database.asOwner(`
    INSERT INTO requests SELECT (jsonb_populate_record(r, jsonb_build_object('id', 'req_crowd' || lpad(n::text, 21, '0')))).*
      FROM requests r, generate_series(1, ${mostRevocations + 2}) n WHERE r.id = '${request.id}'`)
  await database.asOwner(`UPDATE requests SET status = 'approved', resolved_at = now() WHERE cluster = 'crowded'`)
  await database.asOwner(`
    INSERT INTO grants (id, request_id, cluster, duration_seconds, status, next_attempt_at)
      SELECT 'grt_' || substr(id, 5), id, cluster, duration_seconds, 'pending', now()
      FROM requests WHERE cluster = 'crowded' AND id <> '${request.id}'`)
  let first: BulkRevocationResult | undefined
  const statements = await statementsOf(async () => {
    first = await revokeGrants(ola, named('cluster', 'crowded'))
  })
  expect([first?.revoked.length, first?.remaining]).toEqual([mostRevocations, 2])
  // Or else a slow database would be too slow for the one call that matters most.
  expect(statements.length).toBeLessThan(20)
  const second = await revokeGrants(ola, named('cluster', 'crowded'))
  expect([second.revoked.length, second.remaining]).toEqual([2, 0])
})
