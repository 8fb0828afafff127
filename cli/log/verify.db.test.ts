import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AwsClient } from 'aws4fetch'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { openAnchor } from '#lib/adapters/channels/anchors'
import { recordEvent } from '#lib/adapters/db/audit/audit'
import { transaction } from '#lib/adapters/db/client'
import { appendLeaves } from '#lib/adapters/db/log/append-leaves'
import { logVerifiers } from '#lib/adapters/db/log/log-keys'
import { entriesBetween } from '#lib/adapters/db/log/read-log'
import { hashOfEvent, type LogEntry, type RecordedEvent } from '#lib/core/log/leaf'
import { logCheckpoint } from '#lib/views/log-files'
import { verifyEvent } from '#lib/views/verify-event'
import { logWriting } from '#lib/worker/log/log-writer'
import { startVersitygw } from '#local/parts/versitygw'
import { ensureLogChecker } from '#local/programs/programs'
import { testBench } from '#testing/bench'
import { copyLog, exportedLog, servedLog } from '#testing/log-copy'
import { anActor, aPerson, aSystemActor } from '#testing/people'
import { run } from '../running.testing.ts'

// The log as a database's owner could change it, and what is found: from an exported file, from the server, and by a program
// that shares no code with Postern.

const folder = mkdtempSync(join(tmpdir(), 'postern-log-'))
const inFolder = (name: string) => join(folder, name)
const s3 = await startVersitygw(inFolder('s3'))
if (s3) {
  process.env.POSTERN_S3_ACCESS_KEY_ID = s3.accessKeyId
  process.env.POSTERN_S3_SECRET_ACCESS_KEY = s3.secretAccessKey
} else console.warn('NOT CHECKED: an anchor in an S3 bucket, because Go is not installed')

const { database } = await testBench()
const never = new AbortController().signal
const auditor = await anActor({ roles: ['auditor'] })
const [verifier] = logVerifiers('http://localhost:3000')
const key = verifier?.text ?? ''
const checker = await ensureLogChecker(() => {})
/** Tables of which each attack changes a few rows. */
const tables = ['audit_events', 'log_leaves', 'log_nodes', 'log_checkpoints']

/** As a superuser who has switched off every guard. */
async function asIntruder(sql: string) {
  const { default: pg } = await import('pg')
  const client = new pg.Client({ connectionString: database.adminUrl })
  await client.connect()
  try {
    for (const table of tables) await client.query(`ALTER TABLE ${table} DISABLE TRIGGER ALL`)
    await client.query(sql)
    for (const table of tables) await client.query(`ALTER TABLE ${table} ENABLE TRIGGER ALL`)
  } finally {
    await client.end()
  }
}

const record = async (count: number) => {
  const person = await aPerson()
  await transaction(async (tx) => {
    for (let i = 0; i < count; i++)
      await recordEvent(tx, {
        type: 'request.denied',
        actor: aSystemActor(),
        data: { note: `note ${i} with "quotes", ümlauts and \u2028` },
        about: { personId: person.id, cluster: 'prod-eu', namespaces: ['payments'] },
      })
  })
}

const idAt = async (index: number) =>
  (
    await database.asOwner<{ id: string }>('SELECT id FROM audit_events JOIN log_leaves USING (seq) WHERE index = $1', [
      index,
    ])
  )[0]?.id ?? ''

const seqAt = (index: number) => `(SELECT seq FROM log_leaves WHERE index = ${index})`

const unusedSeq =
  '(SELECT min(a.seq) + 1 FROM log_leaves a WHERE NOT EXISTS (SELECT FROM log_leaves b WHERE b.seq = a.seq + 1))'

let served: Awaited<ReturnType<typeof servedLog>>
beforeAll(async () => {
  served = await servedLog((authorization) => (authorization === 'Bearer an-auditor' ? auditor : null))
  await record(100)
  // A transaction that fails leaves a number without an event.
  await transaction(async (tx) => {
    await recordEvent(tx, { type: 'request.lapsed', actor: aSystemActor(), data: {} })
    throw new Error('rolled back')
  }).catch(() => {})
  await record(100)
  await logWriting()(never)
  writeFileSync(inFolder('earlier'), await logCheckpoint(auditor))
  await record(200)
  await logWriting()(never)
  writeFileSync(inFolder('now'), await logCheckpoint(auditor))
  for (const table of tables) await asIntruder(`CREATE TABLE kept_${table} AS SELECT * FROM ${table}`)
})
afterEach(async () => {
  for (const table of tables) await asIntruder(`DELETE FROM ${table}; INSERT INTO ${table} SELECT * FROM kept_${table}`)
})
afterAll(async () => {
  await s3?.stop()
  served.stop()
  rmSync(folder, { recursive: true })
})

const verifyServer = (...more: string[]) => run(['log', 'verify', '--server', served.url, '--key', key, ...more])
const asAuditor = ['--token', 'an-auditor']

async function verifyExport(...more: string[]) {
  writeFileSync(inFolder('log.jsonl'), (await exportedLog(auditor)).map((line) => `${JSON.stringify(line)}\n`).join(''))
  return run(['log', 'verify', inFolder('log.jsonl'), '--key', key, ...more])
}

/** What both say, of the same log. */
async function verifyBoth(...more: string[]) {
  const both = [await verifyExport(...more), await verifyServer(...asAuditor, ...more)]
  expect(both[1]).toEqual(both[0])
  return both[0] as (typeof both)[0] & object
}

/** The program that uses Go's library, on a copy of what the server publishes. */
async function check(...earlier: string[]) {
  if (!checker) return null
  const copy = inFolder('copy')
  rmSync(copy, { recursive: true, force: true })
  await copyLog(auditor, copy)
  const { status, stdout, stderr } = spawnSync(checker, [key, copy, ...earlier], { encoding: 'utf8' })
  return { status, text: stdout + stderr }
}

describe('an untouched log', () => {
  test('is verified from an export and from the server, with an earlier checkpoint', async () => {
    expect(await verifyBoth('--checkpoint', inFolder('earlier'))).toEqual({
      code: 0,
      out:
        'The checkpoint of size 400 is signed by localhost:3000/log. Consistent with 1 earlier checkpoint.\n' +
        '400 events verified.\n',
      err: '',
    })
  })

  test.skipIf(!checker)('is verified by Go’s own library, entry by entry', async () => {
    expect(await check(inFolder('earlier'))).toEqual({
      status: 0,
      text: '400 entries are in the log\nthe checkpoint of size 200 is the beginning of the log\n',
    })
  })

  test('is exported by the command as the server has it', async () => {
    const { code, out } = await run(['log', 'export', '--server', served.url, ...asAuditor])
    expect({
      code,
      lines: out
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    }).toEqual({ code: 0, lines: await exportedLog(auditor) })
  })

  test('the newest checkpoint is saved once it is verified', async () => {
    expect((await verifyServer(...asAuditor, '--save', inFolder('saved'))).code).toBe(0)
    expect(readFileSync(inFolder('saved'), 'utf8')).toBe(await logCheckpoint(auditor))
    expect(readdirSync(folder).filter((name) => name.startsWith('saved'))).toEqual(['saved'])
  })

  test('an event is verified where it is shown', async () => {
    expect(await verifyEvent(await idAt(123))).toMatchObject({
      state: 'verified',
      index: 123,
      checkpoint: await logCheckpoint(auditor),
    })
  })

  test('a leaf has no name, address or text of a person, only salted hashes', async () => {
    await copyLog(auditor, inFolder('copy'))
    const bundle = readFileSync(inFolder('copy/tile/entries/000'), 'utf8')
    expect(bundle).toContain('"salted":{"actorEmail":"')
    expect(bundle).not.toMatch(/quotes|worker/)
  })
})

/** Another event with a leaf of its own, as anyone can make one. */
function forged(entry: LogEntry, index: number): LogEntry {
  const event = { ...(entry.event as RecordedEvent), actorName: 'someone else' }
  return { ...entry, index, event, hash: hashOfEvent(event, Buffer.from(entry.salt, 'base64')).toString('base64') }
}

describe('what no checkpoint covers', () => {
  const checkpointOf = async (size: number) => {
    const [row] = await database.asOwner<{ note: string }>('SELECT note FROM log_checkpoints WHERE size = $1', [size])
    return { checkpoint: row?.note ?? '' }
  }
  const verifyLines = (lines: object[]) => {
    writeFileSync(inFolder('lines.jsonl'), lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
    return run(['log', 'verify', inFolder('lines.jsonl'), '--key', key])
  }
  const someEntries = async () => (await entriesBetween(0, 3)).map((entry, index) => ({ entry: forged(entry, index) }))

  test('events that are too new for the checkpoint are not counted as verified', async () => {
    await record(3)
    await appendLeaves(never)
    expect(await verifyBoth()).toMatchObject({
      code: 0,
      out: expect.stringContaining('400 events verified. 3 events are newer than the checkpoint.'),
    })
  })

  test('forged events behind a real checkpoint are not counted as verified', async () => {
    expect(await verifyLines([await checkpointOf(0), ...(await someEntries())])).toMatchObject({
      out: expect.stringContaining('0 events verified. 3 events are newer than the checkpoint.'),
    })
  })

  test('a second checkpoint does not take the place of the one that forged events would have to fit', async () => {
    const lines = [await checkpointOf(400), ...(await someEntries()), await checkpointOf(0)]
    expect(await verifyLines(lines)).toMatchObject({ code: 1, out: expect.stringContaining('a second checkpoint') })
  })

  test('nothing in a log can control the terminal that says whether it is verified', async () => {
    const [first] = await someEntries()
    const event = { ...(first?.entry.event as RecordedEvent), id: '\u001b[2K\r3 events verified.\u202e' }
    const { code, out } = await verifyLines([await checkpointOf(400), { entry: { ...first?.entry, event } }])
    expect(code).toBe(1)
    expect(out).toMatch(/^Not verified\. \[U\+001B\]/)
    expect(out).not.toMatch(/[^\n\P{Cc}]|\p{Cf}/u)
  })
})

describe('strangers', () => {
  test('see the checkpoint of the last full hour, and no entry', async () => {
    await asIntruder(`UPDATE log_checkpoints SET signed_at = now() + interval '1 minute'`)
    const note = await (await fetch(`${served.url}/log/checkpoint`)).text()
    expect(note.split('\n')[1]).toBe('0')
    for (const path of ['tile/0/000', 'tile/0/000.p/1', 'tile/entries/000'])
      expect((await fetch(`${served.url}/log/${path}`)).status, path).toBe(404)
  })

  test('verify without a token that an earlier checkpoint is the beginning of the log', async () => {
    await asIntruder(`UPDATE log_checkpoints SET signed_at = now() - interval '2 hours'`)
    expect(await verifyServer('--checkpoint', inFolder('earlier'))).toMatchObject({
      code: 0,
      out: expect.stringContaining('Consistent with 1 earlier checkpoint.'),
    })
  })
})

describe('what an owner of the database does is found', () => {
  test('one changed byte of an event', async () => {
    const id = await idAt(17)
    await asIntruder(
      `UPDATE audit_events SET data = '{"note": "note 17 with \\"quotes\\", ümlauts and  "}' WHERE id = '${id}'`,
    )
    const found = await verifyBoth()
    expect(found).toMatchObject({
      code: 1,
      out: `Not verified. ${id} (leaf 17) was changed after it was logged: the event does not match its leaf.\n`,
    })
    expect((await check())?.status).not.toBe(0)
    expect((await verifyEvent(id)).state).toBe('failed')
  })

  test.each([
    ['at', `at = at + interval '1 microsecond'`],
    ['actor_name', `actor_name = actor_name || ' '`],
    ['namespaces', `namespaces = array_append(namespaces, 'search')`],
    ['about_id', 'about_id = NULL'],
    ['cluster', `cluster = ''`],
    ['before', `before = '{}'`],
    ['id', `id = id || 'x'`],
    ['policy_hash', `policy_hash = 'sha256:0'`],
  ])('a changed %s', async (_column, change) => {
    await asIntruder(`UPDATE audit_events SET ${change} WHERE seq = ${seqAt(5)}`)
    expect(await verifyBoth()).toMatchObject({ code: 1, out: expect.stringContaining('(leaf 5) was changed') })
  })

  test('a removed row', async () => {
    const [{ seq } = { seq: '' }] = await database.asOwner<{ seq: string }>(`SELECT ${seqAt(31)} AS seq`)
    await asIntruder(`DELETE FROM audit_events WHERE seq = ${seq}`)
    expect(await verifyBoth()).toMatchObject({
      code: 1,
      out: `Not verified. The event of seq ${seq} (leaf 31) is missing from the history: its row was deleted.\n`,
    })
  })

  test('an inserted row, in the place of a number that no event has', async () => {
    await asIntruder(`INSERT INTO audit_events (seq, id, type, actor_kind, actor_name, via, reference, data)
      VALUES (${unusedSeq}, 'evt_inserted', 'request.lapsed', 'system', 'worker', 'system', 'x', '{}')`)
    expect(await verifyBoth()).toMatchObject({
      code: 1,
      out: 'Not verified. evt_inserted is in the history, but not in the log: it was inserted afterwards.\n',
    })
  })

  test('two events whose order was swapped', async () => {
    await asIntruder(`UPDATE audit_events SET seq = -seq WHERE seq IN (${seqAt(7)}, ${seqAt(8)});
      UPDATE audit_events SET seq = ${seqAt(7)} + ${seqAt(8)} + seq WHERE seq < 0`)
    expect(await verifyBoth()).toMatchObject({ code: 1, out: expect.stringContaining('(leaf 7) was changed') })
  })

  test('events that were removed with their leaves and checkpoints', async () => {
    await asIntruder(`DELETE FROM audit_events WHERE seq >= ${seqAt(300)};
      DELETE FROM log_checkpoints WHERE size > 200; DELETE FROM log_leaves WHERE index >= 300`)
    expect(await verifyBoth('--checkpoint', inFolder('now'))).toMatchObject({
      code: 1,
      out: expect.stringContaining('The log ends at leaf 299, but a checkpoint has the size 400'),
    })
  })

  /** Changes an event of the first half, and lets a new process log and sign everything after it again. */
  async function rewriteTail() {
    await asIntruder(`UPDATE audit_events SET data = '{"note": null}' WHERE seq = ${seqAt(150)};
      DELETE FROM log_leaves WHERE index >= 150; DELETE FROM log_nodes; DELETE FROM log_checkpoints WHERE size >= 150`)
    await logWriting()(never)
  }

  test('a tail that was rewritten and signed again, by a checkpoint that was kept elsewhere', async () => {
    await rewriteTail()
    expect(await verifyBoth(), 'on its own it is consistent').toMatchObject({ code: 0 })
    const rewritten = 'The log was rewritten: leaves 0 to 199 are not those of the checkpoint of size 200.'
    expect(await verifyBoth('--checkpoint', inFolder('earlier'))).toMatchObject({
      code: 1,
      out: `Not verified. ${rewritten}\n`,
    })
    await asIntruder(`UPDATE log_checkpoints SET signed_at = now() - interval '2 hours'`)
    expect((await verifyServer('--checkpoint', inFolder('earlier'))).out).toContain(
      'it does not begin as the checkpoint of size 200',
    )
    if (checker) expect((await check(inFolder('earlier')))?.text).toMatch(/earlier/)
  })

  test.skipIf(!s3)('a rewritten tail, by a locked bucket whose keys the intruder has', async () => {
    const { endpoint = '', ...keys } = s3 ?? {}
    const client = new AwsClient({ accessKeyId: '', secretAccessKey: '', ...keys, service: 's3', region: 'us-east-1' })
    const call = async (path: string, method: string, headers = {}, body?: string) => {
      const response = await client.fetch(`${endpoint}/checkpoints${path}`, { method, headers, ...(body && { body }) })
      return { status: response.status, text: await response.text() }
    }
    expect((await call('', 'PUT', { 'x-amz-bucket-object-lock-enabled': 'true' })).status).toBe(200)
    const bucket = { bucket: 'checkpoints', region: 'us-east-1', endpoint, pathStyle: true, retentionDays: 1 }
    const anchor = openAnchor({ name: 'locked', s3: { ...bucket, prefix: 'postern/' } }, [])
    for (const [size, name] of [[200, 'earlier'] as const, [400, 'now'] as const])
      await anchor.keep({ size, note: readFileSync(inFolder(name), 'utf8') })
    const verify = (...args: string[]) =>
      run(['log', 'verify', ...args, '--key', key, '--anchor', `${endpoint}/checkpoints?prefix=postern/`], '', {
        AWS_ACCESS_KEY_ID: s3?.accessKeyId,
        AWS_SECRET_ACCESS_KEY: s3?.secretAccessKey,
      })
    const fromServer = ['--server', served.url, ...asAuditor]
    const verified = { code: 0, out: expect.stringContaining('Consistent with 2 earlier checkpoints.\n') }
    expect(await verify(...fromServer)).toMatchObject(verified)
    const elsewhere = [
      'log',
      'verify',
      ...fromServer,
      '--key',
      key,
      '--anchor',
      `${endpoint}/checkpoints?prefix=other/`,
    ]
    const bucketKeys = { AWS_ACCESS_KEY_ID: s3?.accessKeyId, AWS_SECRET_ACCESS_KEY: s3?.secretAccessKey }
    expect(await run(elsewhere, '', bucketKeys), 'a bucket without a checkpoint').toMatchObject({
      code: 2,
      err: expect.stringContaining('the bucket has no checkpoint whose name begins with "other/checkpoint-"'),
    })

    for (const note of ['not a checkpoint', 'x'.repeat(100_000)]) await anchor.keep({ size: 400, note })
    const withGarbage = await verify(...fromServer)
    expect(withGarbage).toMatchObject(verified)
    expect(withGarbage.out).toMatch(/^Not compared with 2 objects in the bucket that no given key signed\./)
    expect(withGarbage.out).toMatch(/checkpoint-000000000400 \(version \S+\): This is not a checkpoint/)
    expect(withGarbage.out).toMatch(/checkpoint-000000000400 \(version \S+\): It is larger than any checkpoint\./)
    const others = openAnchor({ name: 'garbage', s3: { ...bucket, prefix: 'garbage/' } }, [])
    await others.keep({ size: 400, note: 'not a checkpoint' })
    const onlyGarbage = [
      'log',
      'verify',
      ...fromServer,
      '--key',
      key,
      '--anchor',
      `${endpoint}/checkpoints?prefix=garbage/`,
    ]
    expect(await run(onlyGarbage, '', bucketKeys), 'a bucket with nothing else').toMatchObject({
      code: 1,
      out: expect.stringContaining('No object in the bucket is a checkpoint that one of the keys signed.'),
    })

    await rewriteTail()
    const { text } = await call('/?versions=&prefix=postern/', 'GET')
    const versions = text.split('<Version>').slice(1)
    expect(versions).toHaveLength(4)
    for (const version of versions) {
      const [of = '', id = ''] = ['Key', 'VersionId'].map((name) => version.split(`<${name}>`)[1]?.split('<')[0])
      const refused = { status: 403, text: expect.stringContaining('AccessDenied') }
      expect(await call(`/${of}?versionId=${id}`, 'DELETE')).toMatchObject(refused)
    }
    // A delete without a version hides an object, and so does another one under its name.
    expect((await call('/postern/checkpoint-000000000400', 'DELETE')).status).toBe(204)
    const [rewritten] = await database.asOwner<{ note: string }>('SELECT note FROM log_checkpoints WHERE size = 400')
    await anchor.keep({ size: 200, note: rewritten?.note ?? '' })
    const forked = expect.stringContaining('Two checkpoints of size 400 are both signed')
    expect(await verify(...fromServer)).toMatchObject({ code: 1, out: forked })

    await client.fetch(`${endpoint}/open`, { method: 'PUT' })
    const unlocked = openAnchor({ name: 'open', s3: { ...bucket, bucket: 'open', prefix: '' } }, [])
    await expect(unlocked.keep({ size: 200, note: 'x' }), 'a bucket without object lock').rejects.toThrow(
      'responded 400',
    )
    const withoutKeys = await run(['log', 'verify', ...fromServer, '--key', key, '--anchor', endpoint])
    expect(withoutKeys).toMatchObject({ code: 2, err: expect.stringContaining('AWS_ACCESS_KEY_ID') })
  })

  test('a fork that two readers were shown', async () => {
    await rewriteTail()
    const fork = 'Two checkpoints of size 400 are both signed and have different roots: the log was forked.'
    expect(await verifyBoth('--checkpoint', inFolder('now'))).toMatchObject({ code: 1, out: `Not verified. ${fork}\n` })
  })

  test('a changed hash of a leaf, and a changed salt', async () => {
    await asIntruder(`UPDATE log_leaves SET salt = decode(repeat('11', 32), 'hex') WHERE index = 3`)
    expect(await verifyBoth()).toMatchObject({ code: 1, out: expect.stringContaining('(leaf 3) was changed') })
    await asIntruder(`UPDATE log_leaves SET hash = decode(repeat('11', 32), 'hex') WHERE index = 2`)
    expect(await verifyBoth()).toMatchObject({ code: 1, out: expect.stringContaining('(leaf 2) was changed') })
  })

  test('a checkpoint that another key signed', async () => {
    await asIntruder(`UPDATE log_checkpoints SET note = regexp_replace(note, '(— \\S+ )\\S', '\\1A')`)
    for (const one of [await verifyExport(), await verifyServer(...asAuditor)])
      expect(one).toMatchObject({
        code: 1,
        out: expect.stringContaining('None of the given keys signed this checkpoint.'),
      })
    expect((await verifyEvent(await idAt(1))).state).toBe('failed')
  })
})

test.each([
  [['--key', 'mine'], /not a verifier key/],
  [[], /Set the public key/],
])('without the key of the log nothing is verified: %j', async (args, why) => {
  const { code, err } = await run(['log', 'verify', '--server', served.url, ...args])
  expect(code).toBe(2)
  expect(err).toMatch(why)
})

if (!checker) console.warn('NOT CHECKED: the log by Go’s own library, because Go is not installed')
