import { afterAll, expect, test } from 'vitest'
import { transaction } from '#lib/adapters/db/client'
import { saveIntent } from '#lib/adapters/db/grants/grant-progress'
import { claimGrants } from '#lib/adapters/db/grants/grant-queue'
import { testDatabase } from '#testing/database'
import { anApprovedRequest, grantRow } from '#testing/grants'
import { testPolicy } from '#testing/policy'
import { rejectionOf } from '#testing/rejection'
import { aClusterState, aGrant } from '#testing/requests'
import { until } from '#testing/until'
import { writingOf } from './work.ts'

const database = await testDatabase()
const policy = await testPolicy()
afterAll(async () => {
  await policy.stop()
  await database.drop()
})

test('promise 1: nothing is wished for a grant that somebody ends at the same moment', async () => {
  await aClusterState()
  const { request } = await anApprovedRequest()
  const { id, cluster } = await aGrant({ request })
  const [claimed] = await claimGrants('worker-1', new Map([[cluster, 1]]))
  if (!claimed) throw new Error('the grant was not due')
  const writing = writingOf(claimed)
  const objects = [{ kind: 'Role' as const, namespace: 'payments', name: `postern-${id.slice(4)}` }]
  let wish: Promise<Error> | undefined
  await transaction(async (tx) => {
    await tx.$executeRaw`UPDATE grants SET status = 'ending', ended_by = 'revocation', ending_at = now() WHERE id = ${id}`
    wish = rejectionOf(saveIntent(writing, objects))
    const waits = `SELECT 1 FROM pg_locks WHERE NOT granted AND locktype IN ('tuple', 'transactionid')`
    await until('the wish waits for whoever ends it', async () => (await database.asOwner(waits)).length > 0)
  })
  expect(await wish).toMatchObject({ code: 'conflict' })
  expect((await grantRow(id)).objects).toEqual([])
  const told = await database.asOwner(
    `SELECT 1 FROM audit_events WHERE grant_id = $1 AND type = 'grant.intent-recorded'`,
    [id],
  )
  expect(told).toEqual([])
})
