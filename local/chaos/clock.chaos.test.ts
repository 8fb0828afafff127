import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { openRun } from '#local/processes/processes'
import { grantReaches, grantRow, objectsInCluster } from '#testing/grants'
import { recordFigure } from './figures.ts'
import { ownPostgres } from './own-postgres.ts'
import { openStage } from './stage.ts'
import { tally } from './tally.ts'

// libfaketime (a Debian package) shifts the clock of one process, by a file that may change while the process runs. The
// API server reads the kernel's clock directly and can't be shifted, so the clocks of the worker and the database are.
const library = ['x86_64', 'aarch64']
  .map((machine) => `/usr/lib/${machine}-linux-gnu/faketime/libfaketimeMT.so.1`)
  .find((file) => existsSync(file))

if (!library) {
  test('clock skew was not tested, because libfaketime is not installed', () => {
    recordFigure({ section: 'clock', what: 'not tested: libfaketime is not installed on this machine', measured: '' })
  })
} else {
  const run = await openRun({ name: 'clocks' })
  const shiftOf = (name: string) => {
    const file = join('/tmp', `postern-clock-${process.pid}-${name}`)
    const shift = (seconds: number) => writeFileSync(file, `${seconds >= 0 ? '+' : ''}${seconds}s\n`, { mode: 0o644 })
    shift(0)
    const env = {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_NO_CACHE: '1',
      // Shift only the wall clock; the monotonic clock never jumps.
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      DONT_FAKE_MONOTONIC: '1',
    }
    return { shift, env }
  }
  const databaseClock = shiftOf('database')
  const workerClock = shiftOf('worker')
  await ownPostgres(run, databaseClock.env)
  const stage = await openStage({ name: 'clock' })
  afterAll(async () => {
    await stage.end()
    await run.stop()
  })
  const worker = () => stage.startWorker({ ending: 'SIGTERM', env: workerClock.env })

  const secondsOf = async (sql: string, id: string) => {
    const [row] = await stage.database.asOwner<{ seconds: number }>(
      `SELECT extract(epoch FROM ${sql})::float8 AS seconds FROM grants WHERE id = $1`,
      [id],
    )
    return row?.seconds ?? Number.NaN
  }
  /** A grant that is due now by the database's clock, whatever the clock of this process. */
  async function aDueGrant(options: { durationSeconds?: number; createdAt?: Date } = {}) {
    const [id = ''] = await stage.grants(1, options)
    await stage.database.asOwner(
      `WITH due AS (UPDATE grants SET next_attempt_at = clock_timestamp() WHERE id = $1 AND lease_until IS NULL RETURNING id)
       SELECT pg_notify('postern_grant', id) FROM due`,
      [id],
    )
    return id
  }
  /** Makes a grant expire this many seconds from now by the database's clock, and notifies the worker. */
  const endIn = (id: string, seconds: number) =>
    stage.database.asOwner(
      `WITH moved AS (UPDATE grants SET expires_at = clock_timestamp() + make_interval(secs => $2),
         next_attempt_at = clock_timestamp() + make_interval(secs => $2) WHERE id = $1 RETURNING id)
       SELECT pg_notify('postern_grant', id) FROM moved`,
      [id, seconds],
    )

  test.each([
    [120, 0],
    [-120, 0],
    [0, 120],
    [0, -120],
    [120, -120],
    [-120, 120],
  ])(
    'access lasts as long as approved by the database’s clock, with the worker %i s and the database %i s off',
    async (workerShift, databaseShift) => {
      databaseClock.shift(databaseShift)
      workerClock.shift(workerShift)
      const running = await worker()
      const id = await aDueGrant()
      await grantReaches(id, 'active', 60_000)
      const planned = await secondsOf('expires_at - activated_at', id)
      expect(planned).toBeCloseTo(1800, 0)
      const early = await secondsOf('expires_at - clock_timestamp()', id)
      expect(early).toBeGreaterThan(1700)
      await endIn(id, 4)
      const began = performance.now()
      await grantReaches(id, 'ended', 60_000)
      const took = (performance.now() - began) / 1000
      const late = await secondsOf('ended_at - expires_at', id)
      await running.stop()
      expect(await objectsInCluster(id)).toEqual([])
      expect(took).toBeGreaterThan(3.5)
      expect(late).toBeGreaterThanOrEqual(0)
      recordFigure({
        section: 'clock',
        what: `worker off by ${workerShift} s, database off by ${databaseShift} s: access ended late by (database’s clock)`,
        measured: `${late.toFixed(2)} s`,
        goal: '≤ 5 s',
        met: late <= 5,
      })
    },
    180_000,
  )

  test('access ends on time although the worker’s clock steps back by two minutes meanwhile', async () => {
    databaseClock.shift(0)
    workerClock.shift(0)
    const running = await worker()
    const id = await aDueGrant()
    await grantReaches(id, 'active', 60_000)
    await endIn(id, 6)
    workerClock.shift(-120)
    await grantReaches(id, 'ended', 60_000)
    const late = await secondsOf('ended_at - expires_at', id)
    await running.stop()
    recordFigure({
      section: 'clock',
      what: 'the worker’s clock steps back by two minutes during access: ended late by',
      measured: `${late.toFixed(2)} s`,
      goal: '≤ 5 s',
      met: late <= 5,
    })
  }, 180_000)

  test('access ends by the database’s clock although that steps back by two minutes meanwhile, and nothing is stuck', async () => {
    databaseClock.shift(120)
    workerClock.shift(0)
    const running = await worker()
    const id = await aDueGrant()
    await grantReaches(id, 'active', 60_000)
    await endIn(id, 10)
    databaseClock.shift(0)
    expect((await grantRow(id)).status).toBe('active')
    await endIn(id, 3)
    await grantReaches(id, 'ended', 60_000)
    const late = await secondsOf('ended_at - expires_at', id)
    await running.stop()
    const { leaked, stuck, wrong } = await tally(stage.database, stage.publicUrl)
    expect({ leaked, stuck, wrong }).toEqual({ leaked: [], stuck: [], wrong: [] })
    recordFigure({
      section: 'clock',
      what: 'the database’s clock steps back by two minutes during access: ended late by (database’s clock)',
      measured: `${late.toFixed(2)} s`,
      goal: '≤ 5 s',
      met: late <= 5,
    })
  }, 180_000)

  // These tests are last, because they move the clocks by months.
  test.each([
    ['to summer time', '2027-03-28T01:00:00Z', 1, 2],
    ['from summer time', '2027-10-31T01:00:00Z', 2, 1],
  ])(
    'a change %s during access does not change how many seconds it lasts',
    async (change, at, before, after) => {
      const zone = 'Europe/Berlin'
      await stage.database.setTimeZone(zone)
      // By both clocks access begins a few seconds before the change and ends after it.
      const createdAt = new Date(Date.parse(at) - 12_000)
      const shift = Math.round((createdAt.getTime() - Date.now()) / 1000)
      databaseClock.shift(shift)
      workerClock.shift(shift)
      const running = await stage.startWorker({ ending: 'SIGTERM', env: { ...workerClock.env, TZ: zone } })
      const id = await aDueGrant({ durationSeconds: 20, createdAt })
      await grantReaches(id, 'active', 60_000)
      const began = performance.now()
      await grantReaches(id, 'ended', 60_000)
      const lasted = (performance.now() - began) / 1000
      const late = await secondsOf('ended_at - expires_at', id)
      await running.stop()
      const hours = async (column: string) =>
        (await secondsOf(`(${column} AT TIME ZONE '${zone}') - (${column} AT TIME ZONE 'UTC')`, id)) / 3600
      expect([await hours('activated_at'), await hours('ended_at')]).toEqual([before, after])
      expect(await secondsOf('expires_at - activated_at', id)).toBeCloseTo(20, 2)
      expect(lasted).toBeGreaterThan(19)
      expect(await objectsInCluster(id)).toEqual([])
      recordFigure({
        section: 'clock',
        what: `clock change ${change} during access of 20 s: ended late by`,
        measured: `${late.toFixed(2)} s`,
        goal: '≤ 5 s',
        met: late >= 0 && late <= 5,
      })
    },
    180_000,
  )
}
