import { randomBytes } from 'node:crypto'
import { afterAll, describe, expect, test } from 'vitest'
import { db } from '#lib/adapters/db/client'
import { hastenGrants } from '#lib/adapters/db/grants/grant-queue'
import type { Person } from '#lib/core/access/actor'
import { instanceOf, labels, objectName } from '#lib/core/grants/names'
import { slotsPerCluster } from '#lib/core/grants/slots'
import { releaseGrant } from '#lib/operations/release-grant'
import { revokeGrant } from '#lib/operations/revoke-grant'
import { anEntitlement, anEntitlementDocument } from '#testing/configuration'
import { anActiveGrant, anApprovedRequest, grantReaches, grantRow } from '#testing/grants'
import { kubectl } from '#testing/kubectl'
import { aPerson, asActor } from '#testing/people'
import { aGrant, dueGrants } from '#testing/requests'
import { until } from '#testing/until'
import { workerBench } from '#testing/worker'

// One person's grants, and grants that fail again and again, keep no one else's waiting. Asserted on the order of events, and
// not on times, because everything takes longer on a busy machine.

const { publicUrl, start, stop, offer } = await workerBench()
const selector = `${labels.instance}=${instanceOf(publicUrl)}`

/** The tests leave hundreds of objects; one call deletes as many as its timeout allows. */
afterAll(async () => {
  await stop()
  const lists = [
    ...['rolebindings', 'roles'].map((kind) => `/apis/rbac.authorization.k8s.io/v1/namespaces/payments/${kind}`),
    '/api/v1/namespaces/postern-grants/serviceaccounts',
  ]
  for (const list of lists) {
    const isLeft = async () =>
      JSON.parse(await kubectl(['get', '--raw', `${list}?limit=1&labelSelector=${selector}`])).items.length > 0
    while (await isLeft()) await kubectl(['delete', '--raw', `${list}?labelSelector=${selector}`]).catch(() => {})
  }
})

const automatic = { name: 'flood', approvals: [] }
const offerAutomatic = () => offer(anEntitlementDocument(), anEntitlementDocument(automatic))

const newestSeq = async () => (await db().auditEvent.findFirst({ orderBy: { seq: 'desc' } }))?.seq ?? 0n
const seqOf = async (grantId: string, type: string) =>
  (await db().auditEvent.findFirstOrThrow({ where: { grantId, type } })).seq

describe('while one person has 1,000 grants due', () => {
  /** Their grants that a worker began between two events. */
  const begunBetween = (requester: Person, first: bigint, last: bigint) =>
    db().auditEvent.count({
      where: { type: 'grant.intent-recorded', seq: { gt: first, lt: last }, aboutId: requester.id },
    })
  /** Their grants that a worker begins meanwhile: a few rounds of all slots, and far from all that were due before. */
  const most = 100

  test('an end, their own end and another person’s beginning wait for no more than a few rounds of slots', async () => {
    await offerAutomatic()
    const revoked = await anActiveGrant()
    const waiting = await anApprovedRequest()
    await stop()
    const flooder = await aPerson()
    const flood = await dueGrants(flooder, anEntitlement(automatic), 1_000)
    start()
    const ownActive = () => db().grant.findFirst({ where: { id: { in: flood }, status: 'active' } })
    await until('the flood has begun', async () => (await ownActive()) !== null)

    const before = await newestSeq()
    const { id } = await aGrant({ request: waiting.request })
    await revokeGrant(asActor(revoked.lead), revoked.id, { reason: 'enough' })
    const own = (await ownActive())?.id ?? ''
    await releaseGrant(asActor(flooder), own)
    await Promise.all([grantReaches(revoked.id, 'ended'), grantReaches(own, 'ended'), grantReaches(id, 'active')])

    for (const ended of [revoked.id, own]) {
      const decided = await seqOf(ended, 'grant.ending')
      expect(await begunBetween(flooder, decided, await seqOf(ended, 'grant.ended'))).toBeLessThan(most)
    }
    expect(await begunBetween(flooder, before, await seqOf(id, 'grant.active'))).toBeLessThan(most)
    // All that time there were enough others that had been due for longer.
    expect(await db().grant.count({ where: { id: { in: flood }, status: 'pending' } })).toBeGreaterThan(5 * most)
    await stop()
  })
})

describe('while 32 ends cannot be confirmed', () => {
  test('someone else’s binding for 32 ended ServiceAccounts delays no one else, and keeps those grants ending', async () => {
    await offerAutomatic()
    const holder = await aPerson()
    const ids = await dueGrants(holder, anEntitlement(automatic), 32)
    await Promise.all(ids.map((id) => grantReaches(id, 'active')))
    const binding = `sneaky-${randomBytes(4).toString('hex')}`
    const subjects = ids.map((id) => `--serviceaccount=postern-grants:${objectName(id)}`)
    await kubectl(['create', 'rolebinding', binding, '-n', 'payments', '--clusterrole=edit', ...subjects])
    const countWhere = (where: object) => db().grant.count({ where: { id: { in: ids }, ...where } })
    const tries = async () =>
      (await db().grant.aggregate({ where: { id: { in: ids } }, _sum: { attempts: true } }))._sum.attempts ?? 0
    /** Meanwhile not even each of them is tried again, and retries occupy no more than their own slots. */
    async function amongFewRetries<T>(work: () => Promise<T>): Promise<T> {
      const before = await tries()
      const result = await work()
      expect(await countWhere({ attempts: { gt: 0 }, leasedBy: { not: null } })).toBeLessThanOrEqual(
        slotsPerCluster['retry-end'],
      )
      expect((await tries()) - before).toBeLessThan(ids.length)
      return result
    }
    try {
      await Promise.all(ids.map((id) => releaseGrant(asActor(holder), id)))
      await until('all of them were tried', async () => (await countWhere({ attempts: { gt: 0 } })) === ids.length)
      for (let i = 0; i < 3; i++) {
        const { id, lead } = await amongFewRetries(() => anActiveGrant())
        await amongFewRetries(async () => {
          await revokeGrant(asActor(lead), id, { reason: 'enough' })
          await grantReaches(id, 'ended')
        })
      }
      expect(await countWhere({ status: 'ended' })).toBe(0)
      expect((await grantRow(ids[0] ?? '')).lastError).toMatch(/still allows this ServiceAccount/)
    } finally {
      await kubectl(['delete', 'rolebinding', binding, '-n', 'payments'])
    }
    // Or else their backoff takes half a minute.
    await hastenGrants('prod-eu')
    await Promise.all(ids.map((id) => grantReaches(id, 'ended')))
  })
})
