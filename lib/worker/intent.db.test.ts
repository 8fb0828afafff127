import { expect, test } from 'vitest'
import { saveIntent } from '#lib/adapters/db/grants/grant-progress'
import { claimGrants } from '#lib/adapters/db/grants/grant-queue'
import { atOnce } from '#testing/at-once'
import { testBench } from '#testing/bench'
import { eventTypesWhere } from '#testing/events'
import { anApprovedRequest, grantRow } from '#testing/grants'
import { aGrant } from '#testing/requests'
import { writingOf } from './work.ts'

const { database } = await testBench()

test('promise 1: no intent is recorded for a grant that is being ended at the same moment', async () => {
  const { request } = await anApprovedRequest()
  const { id, cluster } = await aGrant({ request })
  const [claimed] = await claimGrants('worker-1', [{ cluster, kind: 'begin', count: 1 }])
  if (!claimed) throw new Error('the grant was not due')
  const ending = `status = 'ending', ended_by = 'revocation', ending_at = now()`
  const objects = [{ kind: 'Role' as const, namespace: 'payments', name: `postern-${id.slice(4)}` }]
  const results = await atOnce(database, 'grants', id, [
    () => database.asApp(`UPDATE grants SET ${ending} WHERE id = $1`, [id]),
    () => saveIntent(writingOf(claimed), objects),
  ])
  expect(results).toMatchObject([{ status: 'fulfilled' }, { status: 'rejected', reason: { code: 'conflict' } }])
  expect((await grantRow(id)).objects).toEqual([])
  expect(await eventTypesWhere({ grantId: id, type: 'grant.intent-recorded' })).toEqual([])
})
