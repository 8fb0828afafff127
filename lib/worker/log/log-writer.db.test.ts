import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { recordEvent } from '#lib/adapters/db/audit/audit'
import { transaction } from '#lib/adapters/db/client'
import { sqlStateOf } from '#lib/adapters/db/errors'
import { readGauges } from '#lib/adapters/db/gauges'
import { appendLeaves } from '#lib/adapters/db/log/append-leaves'
import { logVerifiers } from '#lib/adapters/db/log/log-keys'
import { entriesBetween, inTree, logSize } from '#lib/adapters/db/log/read-log'
import { openCheckpoint } from '#lib/core/log/checkpoint'
import { hashOfFull, tileWidth } from '#lib/core/log/tiles'
import { rootOf } from '#lib/core/log/tree'
import { problemOfEntry } from '#lib/core/log/verify-log'
import { logCheckpoint } from '#lib/views/log-files'
import { startPostgresProxy } from '#local/chaos/postgres-proxy'
import { openClient } from '#local/parts/postgres'
import { testBench } from '#testing/bench'
import { anActor, aSystemActor } from '#testing/people'
import { until } from '#testing/until'
import { logWriting } from './log-writer.ts'

const { database } = await testBench()
const never = new AbortController().signal
const writeLog = logWriting()
const keys = logVerifiers('http://localhost:3000')

const record = (count = 1) =>
  transaction(async (tx) => {
    for (let i = 0; i < count; i++) await recordEvent(tx, { type: 'request.lapsed', actor: aSystemActor(), data: {} })
  })

type Leaf = { index: string; seq: string }
const leaves = () => database.asOwner<Leaf>('SELECT index, seq FROM log_leaves ORDER BY index')
const events = () => database.asOwner<{ seq: string }>('SELECT seq FROM audit_events ORDER BY seq')
/** Those that a key may have signed. */
const checkpoints = () =>
  database.asOwner<{ note: string }>("SELECT note FROM log_checkpoints WHERE note LIKE '%— %' ORDER BY size")

/** One leaf for each event, in the order of both, each as it was recorded, and a checkpoint of them all. */
async function expectComplete() {
  const all = await leaves()
  expect(all.map(({ seq }) => seq)).toEqual((await events()).map(({ seq }) => seq))
  expect(all.map(({ index }) => Number(index))).toEqual(all.map((_, i) => i))
  const entries = await entriesBetween(0, all.length)
  expect(entries.map(problemOfEntry).filter(Boolean)).toEqual([])
  const { size, root } = openCheckpoint((await checkpoints()).at(-1)?.note ?? '', keys)
  expect(size).toBe(all.length)
  const hashes = entries.map(({ hash }) => Buffer.from(hash, 'base64'))
  const fromLeaves = rootOf(
    (level, index) => hashOfFull(hashes.slice(index * 2 ** level, (index + 1) * 2 ** level)),
    size,
  )
  expect(root).toEqual(fromLeaves)
  expect(await inTree(size, (read) => rootOf(read, size))).toEqual(root)
}

beforeAll(async () => {
  await record(tileWidth)
  await writeLog(never)
})

test('the first checkpoint is of the empty log', async () => {
  expect(openCheckpoint((await checkpoints())[0]?.note ?? '', keys).size).toBe(0)
})

test('every committed event becomes one leaf, over several tiles, and the checkpoint covers them', async () => {
  await record(3)
  await writeLog(never)
  await expectComplete()
  for (let i = 0; i < 6; i++) await record(100)
  await writeLog(never)
  await expectComplete()
  // A number that a failed transaction took is no gap in the log.
  await expect(
    transaction(async (tx) => {
      await recordEvent(tx, { type: 'request.lapsed', actor: aSystemActor(), data: {} })
      throw new Error('rolled back')
    }),
  ).rejects.toThrow()
  await record()
  await writeLog(never)
  await expectComplete()
})

test('a log that has not grown gets no other checkpoint', async () => {
  await writeLog(never)
  const before = (await checkpoints()).length
  await writeLog(never)
  await logWriting()(never)
  expect(await checkpoints()).toHaveLength(before)
})

test('an event that is committed late keeps its place: the log waits for it', async () => {
  const late = openClient(database.appUrl)
  await late.connect()
  await late.query('BEGIN')
  await late.query(
    `INSERT INTO audit_events (id, type, actor_kind, actor_name, via, reference, data)
     VALUES ('evt_late', 'request.lapsed', 'system', 'late', 'system', 'late', '{}')`,
  )
  await record()
  const sizeBefore = await logSize()
  let isOver = false
  const writing = writeLog(never).then(() => {
    isOver = true
  })
  const asks = `SELECT FROM pg_stat_activity WHERE query LIKE '%virtualtransaction%' AND pid <> pg_backend_pid() AND application_name = 'postern'`
  await until(
    'the writer has asked who is still writing',
    async () => isOver || (await database.asApp(asks)).length > 0,
  )
  expect(isOver).toBe(false)
  expect(await logSize()).toBe(sizeBefore)
  await late.query('COMMIT')
  await writing
  await late.end()
  await expectComplete()
})

test('workers that write at once add every event once', async () => {
  const others = [writeLog, logWriting(), logWriting()]
  for (let i = 0; i < 5; i++) await Promise.all([record(20), ...others.map((write) => write(never))])
  await writeLog(never)
  await expectComplete()
})

test('the age of the oldest event without a signed checkpoint is a metric', async () => {
  await writeLog(never)
  expect((await readGauges()).logLagSeconds).toBe(0)
  await record()
  expect((await readGauges()).logLagSeconds).toBeGreaterThan(0)
  await writeLog(never)
  expect((await readGauges()).logLagSeconds).toBe(0)
})

describe('kill -9', () => {
  test.each([
    ['before the leaves are added', 'INSERT INTO log_leaves', 'before'],
    ['after the leaves are added, and before they are committed', 'INSERT INTO log_leaves', 'after'],
    ['between the leaves and their checkpoint', 'INSERT INTO log_checkpoints', 'before'],
    ['after the checkpoint', 'INSERT INTO log_checkpoints', 'after'],
  ] as const)('%s loses and doubles nothing', async (_when, statement, when) => {
    await record(300)
    const proxy = await startPostgresProxy(database.appUrl)
    let isReached = false
    proxy.intercept(({ sql }) => {
      if (!sql.includes(statement)) return 'pass'
      return {
        how: 'stop',
        when,
        reached: () => {
          isReached = true
        },
      }
    })
    const script = join(import.meta.dirname, '../../../testing/log-writer-process.ts')
    const child = spawn(process.execPath, ['--conditions=react-server', script], {
      stdio: 'ignore',
      env: { ...process.env, DATABASE_URL: proxy.through(database.appUrl) },
    })
    const exited = once(child, 'exit')
    await until('the worker has come this far', () => isReached)
    child.kill('SIGKILL')
    await exited
    proxy.release()
    await proxy.stop()
    await until('the killed worker’s locks are gone', async () => {
      await logWriting()(never)
      return (await readGauges()).logLagSeconds === 0
    })
    await expectComplete()
  })
})

describe('the application’s role', () => {
  const notAllowed = async (sql: string, state: string) => {
    const error = await database.asApp(sql).then(
      () => new Error('it was allowed'),
      (reason: unknown) => reason,
    )
    expect(sqlStateOf(error), `${sql}: ${error}`).toBe(state)
  }

  test.each(['log_leaves', 'log_nodes', 'log_checkpoints'])('it can’t change or remove rows of %s', async (table) => {
    for (const sql of [
      `UPDATE ${table} SET ${table === 'log_checkpoints' ? 'note = note' : 'hash = hash'}`,
      `DELETE FROM ${table}`,
      `TRUNCATE ${table}`,
    ]) {
      await notAllowed(sql, '42501')
      const asOwner = database.asOwner(sql).then(
        () => 'allowed',
        (error: unknown) => sqlStateOf(error),
      )
      expect(await asOwner, `the owner: ${sql}`).toBe('42501')
    }
  })

  test('it can’t skip an event, log one twice, or log one that does not exist', async () => {
    await writeLog(never)
    await record(2)
    const bytes = `decode(repeat('00', 32), 'hex')`
    const insert = (index: string, seq: string) =>
      `INSERT INTO log_leaves (index, seq, salt, hash) VALUES ((SELECT max(index) FROM log_leaves) + ${index}, ${seq}, ${bytes}, ${bytes})`
    await notAllowed(insert('1', '(SELECT max(seq) FROM audit_events)'), '23514')
    await notAllowed(insert('1', '(SELECT max(seq) FROM log_leaves)'), '23514')
    await notAllowed(insert('1', '(SELECT max(seq) + 100 FROM audit_events)'), '23514')
    await notAllowed(
      insert('2', '(SELECT min(seq) FROM audit_events WHERE seq > (SELECT max(seq) FROM log_leaves))'),
      '23514',
    )
    await notAllowed("INSERT INTO log_checkpoints (size, note, signed_at) VALUES (1, 'x', now())", '42501')
    await writeLog(never)
    await expectComplete()
  })

  test('it can’t store a checkpoint that is ahead of the log, or a hash that does not follow from the leaves', async () => {
    await writeLog(never)
    await notAllowed(`INSERT INTO log_checkpoints (size, note) SELECT max(index) + 2, 'ahead' FROM log_leaves`, '23514')
    await notAllowed(
      `INSERT INTO log_nodes (level, index, hash) SELECT 1, max(index) / 256 + 1, decode(repeat('00', 32), 'hex') FROM log_leaves`,
      '42501',
    )
  })

  test('it can’t add an event whose data is nested so deeply that no program can read it, and the log would stop', async () => {
    const nested = (depth: number) => `${'{"a":['.repeat(depth / 2)}1${']}'.repeat(depth / 2)}`
    const insert = (column: string, depth: number) => {
      const columns = { data: "'{}'", before: 'NULL', after: 'NULL', [column]: `'${nested(depth)}'` }
      return `INSERT INTO audit_events (id, type, actor_kind, actor_name, via, reference, data, before, after)
        VALUES ('evt_' || gen_random_uuid(), 'request.lapsed', 'system', 'deep', 'system', 'deep', ${Object.values(columns).join()})`
    }
    for (const column of ['data', 'before', 'after'])
      for (const depth of [66, 1000]) await notAllowed(insert(column, depth), '23514')
    await database.asApp(insert('data', 60))
    await writeLog(never)
    await expectComplete()
  })

  test('it can’t say that an anchor or a receiver has what is not in the log, or lease a receiver for long', async () => {
    await notAllowed(`INSERT INTO log_anchors (name, size) SELECT 'far', max(index) + 2 FROM log_leaves`, '23514')
    await notAllowed(
      `INSERT INTO log_forwards (name, next, last_batch) SELECT 'far', max(index) + 2, 0 FROM log_leaves`,
      '23514',
    )
    await notAllowed(
      `INSERT INTO log_forwards (name, next, last_batch, leased_by, lease_until) VALUES ('long', 0, 0, 'x', now() + interval '1 hour')`,
      '23514',
    )
    const [kept] = await database.asApp<{ isNow: boolean }>(`INSERT INTO log_anchors (name, size, kept_at)
      VALUES ('later', 0, now() + interval '1 year') RETURNING kept_at < now() + interval '1 minute' AS "isNow"`)
    expect(kept?.isNow).toBe(true)
  })

  test('checkpoints that no key signed neither keep the log from being signed nor hide that it is not', async () => {
    await writeLog(never)
    await record(2)
    await appendLeaves(never)
    // The next size, the empty log, and more of the present size than are read at once; each after the genuine one in any order.
    await database.asApp(`INSERT INTO log_checkpoints (size, note) SELECT max(index) + 1, '~~' || n
      FROM log_leaves, generate_series(1, 250) AS n GROUP BY n`)
    await database.asApp(
      `INSERT INTO log_checkpoints (size, note) SELECT 0, 'localhost:3000/log' || E'\n' || 0 || E'\n'`,
    )
    await database.asApp(`INSERT INTO log_checkpoints (size, note)
      SELECT max(index) + 1, replace(note, E'\n' || size || E'\n', E'\n' || (SELECT max(index) + 1 FROM log_leaves) || E'\n')
      FROM log_leaves, (SELECT size, note FROM log_checkpoints WHERE size > 0 AND note LIKE '%— %' ORDER BY size DESC LIMIT 1) AS signed
      GROUP BY size, note`)
    expect((await readGauges([], [], keys)).logLagSeconds).toBeGreaterThan(0)
    const auditor = await anActor({ roles: ['auditor'] })
    const size = await logSize()
    expect(openCheckpoint(await logCheckpoint(auditor), keys).size, 'the last one that was signed').toBeLessThan(size)
    await logWriting()(never)
    expect(openCheckpoint(await logCheckpoint(auditor), keys).size).toBe(size)
    // Strangers see one of an hour that is over, and the hour may have changed since these were signed.
    expect(openCheckpoint(await logCheckpoint(null), keys).size).toBeLessThanOrEqual(size)
    expect((await readGauges([], [], keys)).logLagSeconds).toBe(0)
  })
})

test('the writer signs nothing if the log does not contain what it signed before', async () => {
  await record(2)
  await writeLog(never)
  const before = await checkpoints()
  const admin = openClient(database.adminUrl)
  await admin.connect()
  const last = `(SELECT max(index) FROM log_leaves)`
  await admin.query('ALTER TABLE log_leaves DISABLE TRIGGER ALL')
  await admin.query('ALTER TABLE log_checkpoints DISABLE TRIGGER ALL')
  await admin.query(`UPDATE log_leaves SET hash = decode(repeat('00', 32), 'hex') WHERE index = ${last}`)
  await admin.query(`DELETE FROM log_checkpoints WHERE size = (SELECT max(size) FROM log_checkpoints)`)
  await admin.query('ALTER TABLE log_leaves ENABLE TRIGGER ALL')
  await admin.end()
  await record()
  await writeLog(never)
  expect(await checkpoints()).toHaveLength(before.length - 1)
})
