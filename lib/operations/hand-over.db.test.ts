import { afterEach, expect, test } from 'vitest'
import { transaction } from '#lib/adapters/db/client'
import type { ClaimedGrant } from '#lib/adapters/db/grants/claimed-grant'
import { claimGrants } from '#lib/adapters/db/grants/grant-queue'
import { acceptHandOvers, handOverSeconds } from '#lib/adapters/db/grants/hand-over'
import { once } from '#lib/adapters/db/idempotency'
import { releaseGrant } from '#lib/operations/release-grant'
import { submitRequest } from '#lib/operations/submit-request'
import { testBench } from '#testing/bench'
import { anEntitlementDocument } from '#testing/configuration'
import { decide, requestRow } from '#testing/decisions'
import { grantRow } from '#testing/grants'
import { anActor, asActor, companyActors } from '#testing/people'
import { rejectionOf } from '#testing/rejection'
import { aGrant, aRequest, aSubmission } from '#testing/requests'

// An operation leases the grant to the worker of its process in its own commit. Here that worker is a list.

const bench = await testBench()
const { priya } = await companyActors('priya')

/** What happened to the slots that were kept, in order. */
let happened: Array<['taken', ClaimedGrant] | ['cancelled', string]> = []
const accept = () =>
  acceptHandOvers((grantId) => ({
    worker: 'worker-here',
    take: (grant) => happened.push(['taken', grant]),
    cancel: () => happened.push(['cancelled', grantId]),
  }))
let stop: (() => void) | undefined
afterEach(() => {
  stop?.()
  stop = undefined
  happened = []
})

const grantOf = async (request: { id: string }) => {
  const { grant } = await requestRow(request)
  if (!grant) throw new Error('the request has no grant')
  return grant
}
const taken = () => happened.flatMap(([what, grant]) => (what === 'taken' ? [grant] : []))
const claimedBy = (worker: string, kind: 'begin' | 'end') =>
  claimGrants(worker, [{ cluster: 'prod-eu', kind, count: 100 }])

/** An active grant of this person, whose objects are known. */
async function anActiveGrantOf(holder: Awaited<ReturnType<typeof anActor>>['person'], uid: string | null = 'a-uid') {
  const { id } = await aGrant({ holder, status: 'active' })
  const name = `postern-${id.slice(4)}`
  await bench.database.asApp(
    `INSERT INTO grant_objects (grant_id, cluster, kind, namespace, name, uid) VALUES ($1, 'prod-eu', 'Role', 'payments', $2, $3)`,
    [id, name, uid],
  )
  return id
}

test('the worker of this process gets an approved grant with the commit, as any worker would claim it', async () => {
  stop = accept()
  const request = await aRequest()
  await decide(priya, request, { narrow: { durationSeconds: 900 } })
  const { id } = await grantOf(request)
  const [handed] = taken()
  await bench.database.asApp(`UPDATE grants SET lease_until = now() - interval '1 second' WHERE id = $1`, [id])
  const [claimed] = await claimedBy('another', 'begin')
  const { now: _, objects, decisions, ...rest } = handed ?? expect.fail('not handed over')
  expect(claimed).toMatchObject(rest)
  expect(new Set(claimed?.objects)).toEqual(new Set(objects))
  // The approver is the caller, who may have sent fewer groups than the record has.
  expect(decisions).toMatchObject([{ decision: 'approve', personId: priya.person.id, groups: priya.person.groups }])
  expect(claimed?.decisions[0]?.result).toBe(decisions[0]?.result)
})

test('the worker of this process gets a grant that needs no approval with the commit, as any worker would claim it', async () => {
  await bench.offer(anEntitlementDocument({ approvals: [] }))
  stop = accept()
  const actor = await anActor()
  const { id: requestId } = await submitRequest(actor, aSubmission())
  const { id } = await grantOf({ id: requestId })
  const [handed] = taken()
  await bench.database.asApp(`UPDATE grants SET lease_until = now() - interval '1 second' WHERE id = $1`, [id])
  const [claimed] = await claimedBy('another', 'begin')
  const { now: _, objects, requester, ...rest } = handed ?? expect.fail('not handed over')
  expect(claimed).toMatchObject(rest)
  expect(requester).toEqual(actor.person)
  expect(new Set(claimed?.objects)).toEqual(new Set(objects))
})

test('a grant that was handed over is leased for ten seconds, and no other worker claims it until then', async () => {
  stop = accept()
  const request = await aRequest()
  await decide(priya, request)
  const grant = await grantOf(request)
  expect(grant).toMatchObject({ leasedBy: 'worker-here', status: 'pending' })
  expect((grant.leaseUntil?.getTime() ?? 0) - grant.createdAt.getTime()).toBe(handOverSeconds * 1000)
  expect((await claimedBy('another', 'begin')).map(({ id }) => id)).not.toContain(grant.id)
})

test('the worker of this process gets access that ends with the commit, with the objects that were recorded', async () => {
  stop = accept()
  const holder = await anActor()
  const id = await anActiveGrantOf(holder.person)
  await releaseGrant(holder, id)
  expect(await grantRow(id)).toMatchObject({ status: 'ending', leasedBy: 'worker-here' })
  expect(await claimedBy('another', 'end')).toEqual([])
  expect(taken()).toMatchObject([
    { id, status: 'ending', endedBy: 'release', slot: 'end', attempts: 0, objects: [{ kind: 'Role', uid: 'a-uid' }] },
  ])
})

test('without a worker in this process nothing is leased', async () => {
  const request = await aRequest()
  await decide(priya, request)
  expect(await grantOf(request)).toMatchObject({ leasedBy: null, leaseUntil: null })
  const holder = await anActor()
  const id = await anActiveGrantOf(holder.person)
  await releaseGrant(holder, id)
  expect(await grantRow(id)).toMatchObject({ status: 'ending', leasedBy: null, leaseUntil: null })
})

test('an end of a grant that another worker has leased takes nothing from it', async () => {
  stop = accept()
  const holder = await anActor()
  const id = await anActiveGrantOf(holder.person)
  await bench.database.asApp(
    `UPDATE grants SET leased_by = 'another', lease_until = now() + interval '30 seconds' WHERE id = $1`,
    [id],
  )
  await releaseGrant(holder, id)
  expect(await grantRow(id)).toMatchObject({ status: 'ending', leasedBy: 'another' })
  expect(happened).toEqual([])
})

test('an end whose objects may not all be known is left to the queue', async () => {
  stop = accept()
  const holder = await anActor()
  const id = await anActiveGrantOf(holder.person, null)
  await releaseGrant(holder, id)
  expect(await grantRow(id)).toMatchObject({ status: 'ending', leasedBy: null })
  expect(happened).toEqual([])
})

test('the approval of access that begins later hands nothing over', async () => {
  stop = accept()
  const request = await aRequest({ startsAt: new Date(Date.now() + 3_600_000) })
  await decide(priya, request)
  expect(await grantOf(request)).toMatchObject({ leasedBy: null, leaseUntil: null })
  expect(happened).toEqual([])
})

test('nothing is handed over before the commit, nor after a rollback', async () => {
  stop = accept()
  const request = await aRequest()
  const undone = transaction(async () => {
    await decide(priya, request)
    expect(happened).toEqual([])
    throw new Error('no')
  })
  await expect(undone).rejects.toThrow('no')
  expect(happened).toMatchObject([['cancelled', expect.stringMatching(/^grt_/)]])
  expect((await requestRow(request)).grant).toBeNull()
})

test('a repeated call with the same key hands over once', async () => {
  stop = accept()
  const request = await aRequest()
  const call = () =>
    once(priya.person.id, `key-${request.id}`, 'fingerprint', async () => ({
      ...{ status: 200, body: { status: (await decide(priya, request)).status } },
    }))
  await call()
  expect(await call()).toMatchObject({ repeated: true })
  expect(taken()).toHaveLength(1)
})

test('a refused decision and a refused end hand nothing over', async () => {
  stop = accept()
  const request = await aRequest({ requester: priya.person })
  await rejectionOf(decide(priya, request))
  const id = await anActiveGrantOf((await anActor()).person)
  await rejectionOf(releaseGrant(await asActor(priya.person), id))
  expect(happened).toEqual([])
})
