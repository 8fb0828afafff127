import { randomBytes } from 'node:crypto'
import { afterAll, describe, expect, test } from 'vitest'
import { db } from '#lib/adapters/db/client'
import type { Person } from '#lib/core/access/actor'
import { instanceOf, labels } from '#lib/core/grants/names'
import { slotsPerCluster } from '#lib/core/grants/slots'
import { releaseGrant } from '#lib/operations/release-grant'
import { revokeGrant } from '#lib/operations/revoke-grant'
import { anEntitlement, anEntitlementDocument } from '#testing/configuration'
import { anActiveGrant, anApprovedRequest, grantReaches, grantRow } from '#testing/grants'
import { kubectl } from '#testing/kubectl'
import { aPerson, asActor } from '#testing/people'
import { aGrant, aRequest } from '#testing/requests'
import { until } from '#testing/until'
import { workerBench } from '#testing/worker'

// One person's grants, and grants that fail again and again, keep no one else's waiting.

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

/** As many grants of one person, approved automatically and due at once, in the database only. */
async function grantsOf(requester: Person, count: number): Promise<string[]> {
  const entitlement = anEntitlement(automatic)
  const one = async () => (await aGrant({ request: await aRequest({ requester, entitlement, status: 'approved' }) })).id
  const ids: string[] = []
  for (let i = 0; i < count; i += 20) ids.push(...(await Promise.all(Array.from({ length: 20 }, one))))
  return ids
}

const isAnyActive = async (ids: readonly string[]) =>
  (await db().grant.count({ where: { id: { in: [...ids] }, status: 'active' } })) > 0

/** Milliseconds from the decision to end it until the end is confirmed. */
async function endingTook(id: string): Promise<number> {
  const { endingAt, endedAt } = await grantReaches(id, 'ended')
  return (endedAt?.getTime() ?? Number.NaN) - (endingAt?.getTime() ?? Number.NaN)
}

/** Milliseconds from the approval until the cluster allowed it. */
async function beginningTook(id: string): Promise<number> {
  const { createdAt, activatedAt } = await grantReaches(id, 'active')
  return (activatedAt?.getTime() ?? Number.NaN) - createdAt.getTime()
}

describe('while one person has 1,000 grants due', () => {
  test('a revocation takes less than 2 s, and another person’s access begins within 2 s', async () => {
    await offerAutomatic()
    const revoked = await anActiveGrant()
    const waiting = await anApprovedRequest()
    await stop()
    const flood = await grantsOf(await aPerson(), 1_000)
    start()
    await until('the flood has begun', () => isAnyActive(flood))
    await revokeGrant(asActor(revoked.lead), revoked.id, { reason: 'enough' })
    const { id } = await aGrant({ request: waiting.request })
    expect(await endingTook(revoked.id)).toBeLessThan(2_000)
    expect(await beginningTook(id)).toBeLessThan(2_000)
    const own = await db().grant.findFirstOrThrow({ where: { id: { in: flood }, status: 'active' } })
    const { request } = await db().grant.findUniqueOrThrow({
      where: { id: own.id },
      include: { request: { include: { requester: true } } },
    })
    await releaseGrant(asActor(request.requester as Person), own.id)
    expect(await endingTook(own.id)).toBeLessThan(2_000)
    expect(await db().grant.count({ where: { id: { in: flood }, status: 'pending' } })).toBeGreaterThan(100)
    await stop()
    // The rest never begins.
    await db().grant.updateMany({
      where: { id: { in: flood }, status: { in: ['pending', 'active'] } },
      data: { leaseUntil: new Date(Date.now() + 50_000), leasedBy: 'nobody' },
    })
  })
})

describe('while 64 ends cannot be confirmed', () => {
  test('someone else’s binding for 64 ended ServiceAccounts delays no one else, and keeps those grants ending', async () => {
    await offerAutomatic()
    const holder = await aPerson()
    const entitlement = anEntitlement(automatic)
    const ids: string[] = []
    for (let i = 0; i < 64; i++) {
      const request = await aRequest({ requester: holder, entitlement, status: 'approved' })
      ids.push((await aGrant({ request })).id)
    }
    const names: string[] = []
    for (const id of ids) names.push((await grantReaches(id, 'active')).objects[0]?.name ?? '')
    const binding = `sneaky-${randomBytes(4).toString('hex')}`
    const subjects = names.map((name) => `--serviceaccount=postern-grants:${name}`)
    await kubectl(['create', 'rolebinding', binding, '-n', 'payments', '--clusterrole=edit', ...subjects])
    try {
      for (const id of ids) await releaseGrant(asActor(holder), id)
      const isRetried = async () => (await db().grant.count({ where: { id: { in: ids }, attempts: { gt: 0 } } })) > 32
      await until('most of them were tried', isRetried)
      for (let i = 0; i < 5; i++) {
        const { id, lead } = await anActiveGrant()
        expect(await beginningTook(id)).toBeLessThan(2_000)
        await revokeGrant(asActor(lead), id, { reason: 'enough' })
        expect(await endingTook(id)).toBeLessThan(2_000)
        const where = { id: { in: ids }, attempts: { gt: 0 }, leasedBy: { not: null } }
        expect(await db().grant.count({ where })).toBeLessThanOrEqual(slotsPerCluster['retry-end'])
      }
      expect(await db().grant.count({ where: { id: { in: ids }, status: 'ended' } })).toBe(0)
      expect((await grantRow(ids[0] ?? '')).lastError).toMatch(/still allows this ServiceAccount/)
    } finally {
      await kubectl(['delete', 'rolebinding', binding, '-n', 'payments'])
    }
    for (const id of ids) await grantReaches(id, 'ended', 90_000)
  }, 300_000)
})
