import { afterAll, expect, test } from 'vitest'
import { closeDatabase } from '#lib/adapters/db/client'
import { eventsWhere } from '#testing/events'
import { anActiveGrant, grantReaches, objectsInCluster } from '#testing/grants'
import { kubectl } from '#testing/kubectl'
import { withPatience } from '#testing/patience'
import { startProxy } from '#testing/proxy'
import { until } from '#testing/until'
import { workerBench } from '#testing/worker'

const { database, start, stop } = await workerBench({ isStopped: true })
const address = new URL(database.appUrl)
const proxy = await startProxy({ host: address.hostname, port: Number(address.port) })
address.port = String(proxy.port)
process.env.DATABASE_URL = withPatience(address.href)
afterAll(async () => {
  await proxy.mend()
  await stop()
  await closeDatabase()
  await proxy.stop()
})

const past = new Date(Date.now() - 60_000).toISOString()
const dataOf = async (type: string, grantId: string) => (await eventsWhere({ type, grantId })).map(({ data }) => data)

test('promise 9: expired access is deleted while the database is unavailable, and recorded once it is back', async () => {
  start()
  const [over, live] = [await anActiveGrant(), await anActiveGrant()]
  await stop()
  // Its end passes: in its row, and in the annotations of its objects.
  await database.asApp('UPDATE grants SET expires_at = now(), next_attempt_at = now() WHERE id = $1', [over.id])
  await proxy.cut()
  for (const [kind, namespace] of [
    ['sa', 'postern-grants'],
    ['role', 'payments'],
    ['rolebinding', 'payments'],
  ] as const) {
    const where = [kind, over.name, '-n', namespace]
    await kubectl(['annotate', '--overwrite', ...where, `postern.dev/expires-at=${past}`])
  }
  start()
  await until('its objects are gone', async () => (await objectsInCluster(over.id)).length === 0)
  expect(await objectsInCluster(live.id)).toHaveLength(3)

  await proxy.mend()
  await grantReaches(over.id, 'ended')
  const recorded = () => dataOf('grant.overdue-deleted', over.id)
  await until('the deletions are recorded', async () => (await recorded()).length === 3)
  for (const data of await recorded()) {
    expect(data).toMatchObject({ name: over.name, expiresAt: past, removedAt: expect.any(String) })
  }
  const removed = await dataOf('grant.object-deleted', over.id)
  expect(removed).toMatchObject(Array(3).fill({ alreadyGone: true }))
  expect(await objectsInCluster(live.id)).toHaveLength(3)
}, 180_000)
