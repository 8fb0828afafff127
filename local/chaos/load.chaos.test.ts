import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, expect, test } from 'vitest'
import { inParallel, percentile } from '#local/bench/statistics'
import type { Part } from '#local/processes/processes'
import { until } from '#testing/until'
import { recordFigure } from './figures.ts'
import { openStage } from './stage.ts'
import { tally } from './tally.ts'

// Many idle grants, and many that end within one minute.

/** The number of live grants. Creating ten thousand takes a quarter of an hour on two cores. */
const live = Number(process.env.POSTERN_CHAOS_LIVE ?? 10_000)
const due = Math.min(1_000, live)
/** In seconds: no grant may end while others are still being created. */
const longest = 7_200

/** Kubernetes reads every binding of a namespace for each call there, so ten thousand in one would be unrealistic. */
const namespaces = Array.from({ length: 20 }, (_, index) => `load-${index}`)

const stage = await openStage({ name: 'load', namespaces })
afterAll(stage.end, 600_000)

const countOf = async (status: string) => {
  const [row] = await stage.database.asOwner<{ count: number }>(
    'SELECT count(*)::int AS count FROM grants WHERE status = $1::grant_status',
    [status],
  )
  return row?.count ?? 0
}

/** Processor time of a process so far, in milliseconds (proc(5): fields 14 and 15, in ticks of 10 ms). */
function processorMs({ pid }: Part): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * 10
}

test('many idle grants cost little, and a thousand that are due within one minute end on time', async () => {
  const worker = await stage.startWorker({ ending: 'SIGTERM' })
  await inParallel(live, 8, async (index) => {
    await stage.grants(1, { durationSeconds: longest, namespace: namespaces[index % namespaces.length] })
  })
  await until('all are active', async () => (await countOf('active')) === live, 1_500_000)

  // The worker is idle now, except for four sweeps in this minute.
  const [before, callsBefore] = [processorMs(worker), stage.proxy('prod-eu').calls.length]
  const began = performance.now()
  await delay(60_000)
  const seconds = (performance.now() - began) / 1000
  const share = (processorMs(worker) - before) / 1000 / seconds
  const calls = stage.proxy('prod-eu').calls.slice(callsBefore)
  const lists = calls.filter(({ method, path }) => method === 'GET' && path.includes('labelSelector')).length
  recordFigure({
    section: 'load',
    what: `${live.toLocaleString('en')} live grants, idle for a minute, in ${namespaces.length} namespaces: the worker’s share of one core`,
    measured: `${(100 * share).toFixed(1)} % (${calls.length} API server calls, ${lists} of them pages of lists)`,
    goal: '≤ 10 % at 10,000',
    met: live >= 10_000 ? share <= 0.1 : undefined,
  })

  await stage.database.asOwner(
    `WITH chosen AS (SELECT id, now() + make_interval(secs => 10 + 60.0 * row_number() OVER () / $1) AS at
       FROM grants WHERE status = 'active' ORDER BY id LIMIT $1)
     UPDATE grants g SET expires_at = chosen.at, next_attempt_at = chosen.at FROM chosen WHERE g.id = chosen.id`,
    [due],
  )
  // The worker listens for changes of grants; one notification makes it read when the next grant is due.
  await stage.database.asOwner(`SELECT pg_notify('postern_grant', 'all')`)
  await until('all that were due have ended', async () => (await countOf('ended')) === due, 600_000)
  const rows = await stage.database.asOwner<{ late: number }>(
    `SELECT extract(epoch FROM ended_at - expires_at)::float8 AS late FROM grants WHERE status = 'ended'`,
  )
  const late = rows.map((row) => row.late)
  expect(Math.min(...late)).toBeGreaterThanOrEqual(0)
  await worker.stop()
  const { leaked, wrong } = await tally(stage.database, stage.publicUrl)
  expect({ leaked, wrong }).toEqual({ leaked: [], wrong: [] })
  const [p50, p99] = [percentile(late, 50), percentile(late, 99)]
  recordFigure({
    section: 'load',
    what: `${due.toLocaleString('en')} grants due within one minute: confirmed end late by, p50 and p99; missed`,
    measured: `${p50.toFixed(2)} s, ${p99.toFixed(2)} s; 0`,
    goal: 'p99 ≤ 5 s; 0',
    met: p99 <= 5,
  })
}, 2_400_000)
