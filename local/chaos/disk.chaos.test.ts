import { spawnSync } from 'node:child_process'
import { chownSync, closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { AppError } from '#lib/core/access/errors'
import { submitRequest } from '#lib/operations/submit-request'
import { openClient } from '#local/parts/postgres'
import { openRun } from '#local/processes/processes'
import { databaseUser } from '#local/processes/system-user'
import { grantReaches, grantRow, objectsInCluster } from '#testing/grants'
import { anActor } from '#testing/people'
import { aClusterState, aSubmission } from '#testing/requests'
import { until } from '#testing/until'
import { recordFigure } from './figures.ts'
import { ownPostgres } from './own-postgres.ts'
import { openStage } from './stage.ts'
import { tally } from './tally.ts'

// A PostgreSQL of this file's own whose disk is full, or which is killed and started again.

const run = await openRun({ name: 'disk' })
const postgres = await ownPostgres(run)
const stage = await openStage({ name: 'disk' })
/** A disk of eight megabytes. Only root may mount one. */
const disk = join(run.directory, 'small-disk')
mkdirSync(disk)
const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', disk]).status === 0
afterAll(async () => {
  await stage.end()
  await run.stop()
})
run.onStop(async () => {
  if (mounted) spawnSync('umount', ['-l', disk])
})

/** Fills the disk. */
function fill(file: string) {
  const descriptor = openSync(file, 'w')
  try {
    for (;;) writeSync(descriptor, Buffer.alloc(4096))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
  } finally {
    closeSync(descriptor)
  }
}

const outcomeOf = (call: () => Promise<unknown>) =>
  call().then(
    () => 'done',
    (error: unknown) => (error instanceof AppError ? error.code : `internal: ${error}`),
  )
const count = async (table: string) => {
  const [row] = await stage.database.asOwner<{ count: number }>(`SELECT count(*)::int AS count FROM ${table}`)
  return row?.count ?? -1
}

test.runIf(mounted)(
  'while the disk is full nothing happens that cannot be recorded, and work resumes when there is space again',
  async () => {
    await aClusterState()
    const user = databaseUser()
    const place = join(disk, 'events')
    mkdirSync(place)
    if (user) for (const path of [disk, place]) chownSync(path, user.uid, user.gid)
    const admin = openClient(stage.database.adminUrl)
    await admin.connect()
    await admin.query(`CREATE TABLESPACE small LOCATION '${place}'`)
    await admin.query('ALTER TABLE audit_events SET TABLESPACE small')
    const worker = await stage.startWorker({ ending: 'SIGTERM' })
    const [active = ''] = await stage.grants(1)
    await grantReaches(active, 'active')
    const filler = join(disk, 'filler')
    fill(filler)
    const actor = await anActor()
    let refused = 0
    // The table's last page still has free space, which is used first.
    await until(
      'the disk is full',
      async () => {
        const before = [await count('requests'), await count('audit_events')]
        const outcome = await outcomeOf(() => submitRequest(actor, aSubmission()))
        if (outcome === 'done') return false
        expect(outcome).toBe('unavailable')
        expect([await count('requests'), await count('audit_events')]).toEqual(before)
        refused += 1
        return refused === 3
      },
      60_000,
    )
    await stage.database.asOwner(`UPDATE grants SET expires_at = now(), next_attempt_at = now() WHERE id = $1`, [
      active,
    ])
    const [pending = ''] = await stage.grants(1)
    await until('the worker cannot begin', async () => (await grantRow(pending)).leaseUntil !== null, 30_000)
    expect(await objectsInCluster(pending)).toEqual([])
    rmSync(filler)
    await grantReaches(active, 'ended', 60_000)
    await grantReaches(pending, 'active', 60_000)
    expect(await outcomeOf(() => submitRequest(actor, aSubmission()))).toBe('done')
    await worker.stop()
    await admin.query('ALTER TABLE audit_events SET TABLESPACE pg_default')
    await admin.query('DROP TABLESPACE small')
    await admin.end()
    const { leaked, wrong } = await tally(stage.database, stage.publicUrl)
    expect({ leaked, wrong }).toEqual({ leaked: [], wrong: [] })
    recordFigure({
      section: 'database',
      what: 'disk full for audit events: submissions refused as unavailable, with nothing stored; objects created in the cluster meanwhile',
      measured: `${refused} of ${refused}; 0`,
      goal: 'all; 0',
      met: true,
    })
  },
  180_000,
)
if (!mounted)
  recordFigure({ section: 'database', what: 'disk full: not tested, because only root may mount a disk', measured: '' })

test('after a PostgreSQL that was killed while access expired is started again, the access ends', async () => {
  const worker = await stage.startWorker({ ending: 'SIGTERM' })
  const ids = await stage.grants(5)
  for (const id of ids) await grantReaches(id, 'active')
  const [row] = await stage.database.asOwner<{ expiresAt: Date }>(
    `UPDATE grants SET expires_at = now() + interval '3 seconds', next_attempt_at = now() + interval '3 seconds'
       WHERE id = ANY($1) RETURNING expires_at AS "expiresAt"`,
    [ids],
  )
  await postgres.kill()
  await until('the moment of expiry is past', () => Date.now() > (row?.expiresAt.getTime() ?? 0))
  await postgres.start()
  const began = performance.now()
  const areEnded = () =>
    stage.database
      .asOwner<{ count: number }>(`SELECT count(*)::int AS count FROM grants WHERE status = 'ended' AND id = ANY($1)`, [
        ids,
      ])
      .then(([row]) => row?.count === ids.length)
      // A connection from before the kill fails.
      .catch(() => false)
  await until('all have ended', areEnded, 60_000)
  const took = (performance.now() - began) / 1000
  await worker.stop()
  const { leaked, wrong } = await tally(stage.database, stage.publicUrl)
  expect({ leaked, wrong }).toEqual({ leaked: [], wrong: [] })
  recordFigure({
    section: 'database',
    what: 'server killed while five grants expire: from its restart until the end of all is confirmed',
    measured: `${took.toFixed(1)} s`,
    goal: '≤ 10 s',
    met: took <= 10,
  })
}, 180_000)
