import { afterAll, expect, test } from 'vitest'
import { testDatabase } from '#lib/testing/database'
import { testPolicy } from '#lib/testing/policy'
import { aGrant, aRequest } from '#lib/testing/requests'
import { metricsText } from './metrics.ts'

const database = await testDatabase()
const policy = await testPolicy()
afterAll(async () => {
  await policy.stop()
  await database.drop()
})

test('what waits, what is held and what should be over is counted; without a worker nothing is said of one', async () => {
  await aRequest()
  await aGrant()
  await aGrant({ status: 'active' })
  await aGrant({ status: 'active', activatedAt: new Date(Date.now() - 86_400_000) })
  await aGrant({ status: 'ended' })
  const text = await metricsText()
  expect(text).toContain('postern_requests_pending 1\n')
  expect(text).toContain('postern_grants{status="pending"} 1\n')
  expect(text).toContain('postern_grants{status="active"} 2\n')
  expect(text).toContain('postern_grants{status="ending"} 0\n')
  expect(text).toContain('postern_grants_overdue 1\n')
  expect(text).not.toMatch(/^postern_worker_silent_seconds/m)
})
