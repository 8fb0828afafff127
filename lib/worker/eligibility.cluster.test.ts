import { afterAll, beforeAll, expect, it } from 'vitest'
import { db } from '#lib/adapters/db/client'
import { upsertPerson } from '#lib/adapters/db/people/people'
import { currentPolicy } from '#lib/adapters/policy/current'
import type { Person } from '#lib/core/access/actor'
import { releaseGrant } from '#lib/operations/release-grant'
import { anEntitlementDocument } from '#testing/configuration'
import { anApprovedRequest, grantReaches, grantRow, objectsInCluster } from '#testing/grants'
import { asActor } from '#testing/people'
import { aGrant, aRequest } from '#testing/requests'
import { until } from '#testing/until'
import { testWorker } from '#testing/worker'
import { sweepCluster } from './sweep.ts'

const stage = await testWorker()
beforeAll(stage.startFirst)
afterAll(stage.end)

const sweep = () => sweepCluster(currentPolicy().configuration, 'prod-eu', 0)
async function aLiveGrant(overrides: Parameters<typeof anApprovedRequest>[0] = {}) {
  const { holder, request } = await anApprovedRequest(overrides)
  const { id } = await aGrant({ request })
  await grantReaches(id, 'active')
  return { id, holder }
}
/** What the identity provider says from now on. */
const saysOf = (person: Person, groups: string[]) => upsertPerson(db(), { ...person, groups })

it('T20: who lost the group that made them eligible loses live access too, and others keep theirs', async () => {
  const [loses, keeps] = [await aLiveGrant(), await aLiveGrant()]
  await sweep()
  expect((await grantRow(loses.id)).status).toBe('active')
  await saysOf(loses.holder, ['search-dev'])
  await sweep()
  expect(await grantReaches(loses.id, 'ended', 40_000)).toMatchObject({
    endedBy: 'ineligible',
    endNote: expect.stringContaining('it is for members of one of payments-dev, sre'),
  })
  expect(await objectsInCluster(loses.id)).toEqual([])
  expect((await grantRow(keeps.id)).status).toBe('active')
}, 60_000)

it('T20: what the configuration does not offer any more, or not there, ends', async () => {
  const [gone, narrowed] = [await aLiveGrant(), await aLiveGrant({ namespaces: ['checkout'] })]
  await stage.offer([anEntitlementDocument({ namespaces: ['payments'] })])
  await sweep()
  expect(await grantReaches(narrowed.id, 'ended', 40_000)).toMatchObject({
    endedBy: 'ineligible',
    endNote: expect.stringContaining('is not for the namespace checkout'),
  })
  expect((await grantRow(gone.id)).status).toBe('active')
  await stage.offer([anEntitlementDocument({ name: 'another' })])
  await sweep()
  expect(await grantReaches(gone.id, 'ended', 40_000)).toMatchObject({
    endedBy: 'ineligible',
    endNote: 'Restart payment services is no longer offered.',
  })
  await stage.offer()
}, 60_000)

it('T12: of two grants of one person that overlap, ending one leaves the other as it is', async () => {
  const first = await aLiveGrant()
  const second = await aLiveGrant({ requester: first.holder })
  await releaseGrant(asActor(first.holder), first.id)
  await grantReaches(first.id, 'ended', 40_000)
  await sweep()
  expect(await grantRow(second.id)).toMatchObject({ status: 'active', endingAt: null })
  expect(await objectsInCluster(second.id)).toHaveLength(3)
}, 60_000)

it('a request lapses at its moment, not at the next sweep', async () => {
  const { id, lapsesAt } = await aRequest({ lapsesAt: new Date(Date.now() + 25_000) })
  const lapsed = async () => (await db().request.findUniqueOrThrow({ where: { id } })).status === 'lapsed'
  await until('it has lapsed', lapsed, 40_000)
  const { resolvedAt } = await db().request.findUniqueOrThrow({ where: { id } })
  expect((resolvedAt?.getTime() ?? 0) - lapsesAt.getTime()).toBeLessThan(2_000)
  expect(resolvedAt?.getTime()).toBeGreaterThanOrEqual(lapsesAt.getTime())
}, 60_000)
