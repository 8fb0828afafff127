import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { openRun } from '#local/processes/processes'
import { grantReaches, grantRow, objectsInCluster } from '#testing/grants'
import { ownPostgres } from './own-postgres.ts'
import { keep } from './size.ts'
import { openStage } from './stage.ts'
import { tally } from './tally.ts'

// libfaketime (Debian's package of that name) shifts the clock of one process, from a file that may change while it
// runs. The API server asks the kernel itself and cannot be shifted; shifting the two others is the same.
const library = ['x86_64', 'aarch64']
  .map((machine) => `/usr/lib/${machine}-linux-gnu/faketime/libfaketimeMT.so.1`)
  .find((file) => existsSync(file))

if (!library) {
  it('needs libfaketime, which is not installed here: clocks that differ were not tried', () => {
    keep({ section: 'clock', what: 'not tried: libfaketime is not installed on this machine', seen: '' })
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
      // Only the clock that people set: the other one cannot jump on any machine.
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
  /** Due at once by the database's clock, whatever the clock of this process says. */
  async function aDueGrant(wishes: { durationSeconds?: number; createdAt?: Date } = {}) {
    const [id = ''] = await stage.grants(1, wishes)
    await stage.database.asOwner(
      `WITH due AS (UPDATE grants SET next_attempt_at = clock_timestamp() WHERE id = $1 AND lease_until IS NULL RETURNING id)
       SELECT pg_notify('postern_grant', id) FROM due`,
      [id],
    )
    return id
  }
  /** Ends in so many seconds of the database's clock, and the worker is told, as of every change of a grant. */
  const endIn = (id: string, seconds: number) =>
    stage.database.asOwner(
      `WITH moved AS (UPDATE grants SET expires_at = clock_timestamp() + make_interval(secs => $2),
         next_attempt_at = clock_timestamp() + make_interval(secs => $2) WHERE id = $1 RETURNING id)
       SELECT pg_notify('postern_grant', id) FROM moved`,
      [id, seconds],
    )

  it.each([
    [120, 0],
    [-120, 0],
    [0, 120],
    [0, -120],
    [120, -120],
    [-120, 120],
  ])(
    'the worker %i s and the database %i s off: access begins, lasts as long as the database says, and ends',
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
      keep({
        section: 'clock',
        what: `worker ${workerShift} s, database ${databaseShift} s off: ended after its end by the database’s clock by`,
        seen: `${late.toFixed(2)} s`,
        goal: '≤ 5 s',
        holds: late <= 5,
      })
    },
    180_000,
  )

  it('the worker’s clock steps back by two minutes while access lasts: it ends when it should', async () => {
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
    keep({
      section: 'clock',
      what: 'the worker’s clock steps back by two minutes while access lasts: late by',
      seen: `${late.toFixed(2)} s`,
      goal: '≤ 5 s',
      holds: late <= 5,
    })
  }, 180_000)

  it('the database’s clock steps back by two minutes while access lasts: it ends by that clock, and nothing is stuck', async () => {
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
    keep({
      section: 'clock',
      what: 'the database’s clock steps back by two minutes while access lasts: late by its own clock by',
      seen: `${late.toFixed(2)} s`,
      goal: '≤ 5 s',
      holds: late <= 5,
    })
  }, 180_000)

  // The last ones: months lie between these clocks and those before.
  it.each([
    ['to summer time', '2027-03-28T01:00:00Z', 1, 2],
    ['from summer time', '2027-10-31T01:00:00Z', 2, 1],
  ])(
    'the change %s comes while access lasts: it lasts as many seconds as were approved',
    async (change, at, before, after) => {
      const zone = 'Europe/Berlin'
      await stage.database.setTimeZone(zone)
      // Begins a few seconds before the change, by both clocks, and ends after it.
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
      keep({
        section: 'clock',
        what: `the change ${change} comes while access of 20 s lasts: late by`,
        seen: `${late.toFixed(2)} s`,
        goal: '≤ 5 s',
        holds: late >= 0 && late <= 5,
      })
    },
    180_000,
  )
}
