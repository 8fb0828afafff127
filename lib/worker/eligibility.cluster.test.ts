import { expect, test } from 'vitest'
import { db } from '#lib/adapters/db/client'
import { releaseGrant } from '#lib/operations/release-grant'
import { anEntitlementDocument } from '#testing/configuration'
import { anActiveGrant, grantReaches, grantRow, objectsInCluster } from '#testing/grants'
import { asActor, isNowIn } from '#testing/people'
import { aRequest } from '#testing/requests'
import { until } from '#testing/until'
import { workerBench } from '#testing/worker'

const { offer, start, stop, sweep } = await workerBench()

/** The worker ended the grant because its holder is no longer eligible. */
async function expectIneligible(id: string, note: string) {
  const endNote = expect.stringContaining(note)
  expect(await grantReaches(id, 'ended')).toMatchObject({ endedBy: 'ineligible', endNote })
}

test('T20: a holder who lost the group that made them eligible loses active access, and other holders keep theirs', async () => {
  const [loses, keeps] = [await anActiveGrant(), await anActiveGrant()]
  await sweep()
  expect((await grantRow(loses.id)).status).toBe('active')
  await isNowIn(loses.holder, ['search-dev'])
  await sweep()
  await expectIneligible(loses.id, 'is limited to members of payments-dev or sre')
  expect(await objectsInCluster(loses.id)).toEqual([])
  expect((await grantRow(keeps.id)).status).toBe('active')
})

test('T20: active access ends once the configuration no longer offers it at all or in its namespace', async () => {
  const [gone, narrowed] = [await anActiveGrant(), await anActiveGrant({ namespaces: ['checkout'] })]
  await offer(anEntitlementDocument({ namespaces: ['payments'] }))
  await sweep()
  await expectIneligible(narrowed.id, "doesn't cover namespace checkout")
  expect((await grantRow(gone.id)).status).toBe('active')
  await offer(anEntitlementDocument({ name: 'another' }))
  await sweep()
  await expectIneligible(gone.id, 'Restart payment services is no longer offered.')
})

test('T12: ending one of two overlapping grants of a person leaves the other as it is', async () => {
  const first = await anActiveGrant()
  const second = await anActiveGrant({ requester: first.holder })
  await releaseGrant(asActor(first.holder), first.id)
  await grantReaches(first.id, 'ended')
  await sweep()
  expect(await grantRow(second.id)).toMatchObject({ status: 'active', endingAt: null })
  expect(await objectsInCluster(second.id)).toHaveLength(3)
})

test('a request lapses at its expiry, not at the next sweep', async () => {
  const resolvedAt = async (id: string) => {
    const row = () => db().request.findUniqueOrThrow({ where: { id } })
    await until('the request has lapsed', async () => (await row()).status === 'lapsed')
    return (await row()).resolvedAt ?? new Date(Number.NaN)
  }
  /** Whether it lapsed neither in the worker's first sweep nor in the next one, which comes fifteen seconds later. */
  async function lapsesBetweenSweeps() {
    await stop()
    const first = await aRequest({ lapsesAt: new Date(Date.now() - 1_000) })
    const { id, lapsesAt } = await aRequest({ lapsesAt: new Date(Date.now() + 3_000) })
    const startedAt = Date.now()
    start()
    const [firstSweep, lapsed] = [await resolvedAt(first.id), await resolvedAt(id)]
    expect(lapsed.getTime()).toBeGreaterThanOrEqual(lapsesAt.getTime())
    return firstSweep < lapsesAt && lapsed.getTime() < startedAt + 15_000
  }
  // A busy machine may need longer. A worker that waits for its sweep is never in time.
  await until('a request lapses between two sweeps', lapsesBetweenSweeps)
})
