import { afterAll, expect, it } from 'vitest'
import { db } from '#lib/adapters/db/client'
import { objectName } from '#lib/core/grants/names'
import { anApprovedRequest, grantReaches, objectsInCluster } from '#testing/grants'
import { kubectl } from '#testing/kubectl'
import { startProxy } from '#testing/proxy'
import { aGrant } from '#testing/requests'
import { until } from '#testing/until'
import { testWorker } from '#testing/worker'

const stage = await testWorker()
const address = new URL(stage.database.appUrl)
const proxy = await startProxy({ host: address.hostname, port: Number(address.port) })
address.port = String(proxy.port)
process.env.DATABASE_URL = address.href
afterAll(async () => {
  await proxy.mend()
  await stage.end()
  await proxy.stop()
})

async function aLiveGrant() {
  const { id } = await aGrant({ request: (await anApprovedRequest()).request })
  await grantReaches(id, 'active')
  return id
}
const past = new Date(Date.now() - 60_000).toISOString()
const dataOf = async (type: string, grantId: string) =>
  (await db().auditEvent.findMany({ where: { type, grantId } })).map(({ data }) => data)

it('promise 9: what is over is removed while the database is away, and on record once it is back', async () => {
  await stage.startFirst()
  const [over, live] = [await aLiveGrant(), await aLiveGrant()]
  await stage.stop()
  // Time passes: the end is behind us, in the row and in what the objects say about themselves.
  await stage.database.asApp('UPDATE grants SET expires_at = now(), next_attempt_at = now() WHERE id = $1', [over])
  await proxy.cut()
  for (const [kind, namespace] of [
    ['sa', 'postern-grants'],
    ['role', 'payments'],
    ['rolebinding', 'payments'],
  ] as const) {
    const where = [kind, objectName(over), '-n', namespace]
    await kubectl(['annotate', '--overwrite', ...where, `postern.dev/expires-at=${past}`])
  }
  stage.start()
  await until('it is gone', async () => (await objectsInCluster(over)).length === 0, 40_000)
  expect(await objectsInCluster(live)).toHaveLength(3)

  await proxy.mend()
  await grantReaches(over, 'ended', 40_000)
  await until('it is on record', async () => (await dataOf('grant.overdue-removed', over)).length === 3, 40_000)
  for (const data of await dataOf('grant.overdue-removed', over)) {
    expect(data).toMatchObject({ name: objectName(over), expiresAt: past, removedAt: expect.any(String) })
  }
  const removed = await dataOf('grant.object-removed', over)
  expect(removed).toHaveLength(3)
  expect(removed.every((data) => (data as { alreadyGone?: boolean }).alreadyGone)).toBe(true)
  expect(await objectsInCluster(live)).toHaveLength(3)
}, 180_000)
