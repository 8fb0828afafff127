import { afterAll, expect, test } from 'vitest'
import { db } from '#lib/adapters/db/client'
import { percentile } from '#local/bench/statistics'
import { grantReaches } from '#testing/grants'
import { isLong, recordFigure } from './figures.ts'
import { openStage } from './stage.ts'

// NB: all three lead to one API server, and the sweep of one would delete the others' objects as strays. Therefore two of
// them are down whenever all three are configured.
const stage = await openStage({ name: 'three-clusters', clusters: ['prod-eu', 'prod-us', 'staging'] })
afterAll(stage.end)

/** Milliseconds from the grant to *active*, one grant after the other. */
async function measure() {
  const times: number[] = []
  for (let i = 0; i < (isLong ? 40 : 8); i++) {
    const [id = ''] = await stage.grants(1, { cluster: 'staging' })
    const { createdAt, activatedAt } = await grantReaches(id, 'active')
    times.push((activatedAt?.getTime() ?? Number.NaN) - createdAt.getTime())
  }
  return times
}

test('two unavailable clusters do not delay grants in the third', async () => {
  const { document, policy } = stage
  await policy.change({
    ...document,
    clusters: document.clusters.filter(({ name }) => name === 'staging'),
    entitlements: document.entitlements.map((one) => ({ ...one, clusters: ['staging'] })),
  })
  const alone = await stage.startWorker({ ending: 'SIGTERM' })
  const before = await measure()
  await alone.stop()

  await stage.proxy('prod-eu').cut()
  stage.proxy('prod-us').intercept(() => new Promise(() => {}))
  await policy.change(document)
  const waiting = [
    ...(await stage.grants(40, { cluster: 'prod-eu' })),
    ...(await stage.grants(40, { cluster: 'prod-us' })),
  ]
  const worker = await stage.startWorker({ ending: 'SIGTERM' })
  const during = await measure()
  await worker.stop()
  const [p50, p50Before] = [percentile(during, 50), percentile(before, 50)]
  // Shorter than the timeout of a call that hangs.
  expect(Math.max(...during)).toBeLessThan(10_000)
  expect(await db().grant.count({ where: { id: { in: waiting }, status: 'pending' } })).toBe(waiting.length)
  recordFigure({
    section: 'cluster',
    what: 'two of three clusters down (one refuses, one hangs), 80 grants waiting: from the grant to *active* in the third, p50',
    measured: `${p50.toFixed(0)} ms (${p50Before.toFixed(0)} ms if it is the only cluster)`,
    goal: '≤ 1.5 × and 20 ms',
    met: p50 <= 1.5 * p50Before + 20,
  })
}, 240_000)
