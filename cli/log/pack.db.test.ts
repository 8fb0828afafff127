import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { recordEvents } from '#lib/adapters/db/audit/audit'
import { transaction } from '#lib/adapters/db/client'
import { logVerifiers } from '#lib/adapters/db/log/log-keys'
import { zipPieces } from '#lib/api/zip-file'
import type { PackManifest } from '#lib/core/evidence/pack'
import { saveAuditEvents } from '#lib/operations/save-audit-events'
import { submitRequest } from '#lib/operations/submit-request'
import { evidencePack } from '#lib/views/evidence-pack'
import { logWriting } from '#lib/worker/log/log-writer'
import { anAuditEvent, userOfGrant } from '#testing/audit-events'
import { testBench } from '#testing/bench'
import { decide, requestRow } from '#testing/decisions'
import { anActor, aSystemActor, asActor, companyActors } from '#testing/people'
import { aSubmission } from '#testing/requests'
import { unzip, zipped } from '#testing/zip'
import { run } from '../running.testing.ts'

// An evidence pack as an auditor hands it on, and what someone could do to it on its way.

const { database } = await testBench()
const folder = mkdtempSync(join(tmpdir(), 'postern-pack-'))
afterAll(() => rmSync(folder, { recursive: true }))
const { priya, mina } = await companyActors('priya', 'mina')
const auditor = await anActor({ roles: ['auditor'] })
const key = logVerifiers('http://localhost:3000')[0]?.text ?? ''
const never = new AbortController().signal
const writeLog = logWriting()

type Files = Map<string, Buffer>
type Scope = Parameters<typeof evidencePack>[1]

async function bytesOf(scope: Scope): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  for await (const piece of zipPieces(await evidencePack(auditor, scope))) pieces.push(piece)
  return Buffer.concat(pieces)
}

let count = 0
async function verifyBytes(bytes: Buffer) {
  count += 1
  const file = join(folder, `${count}.zip`)
  writeFileSync(file, bytes)
  return run(['log', 'verify', file, '--key', key])
}

/** A manifest that lists these files as they are now, as an attacker would write it. */
function withManifest(files: Files): Files {
  const manifest = JSON.parse(String(files.get('manifest.json'))) as PackManifest
  manifest.files = [...files]
    .filter(([path]) => path !== 'manifest.json')
    .map(([path, content]) => ({
      path,
      bytes: content.length,
      sha256: createHash('sha256').update(content).digest('hex'),
    }))
  return new Map([...files, ['manifest.json', Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`)]])
}

const verifyFiles = async (files: Files) => verifyBytes(await zipped(files))

const hostile = '<script>alert(1)</script> =cmd|x \u202e "\'&'
let requestId = ''
let grantId = ''
let times: { before: Date; after: Date }

beforeAll(async () => {
  const now = async () => (await database.asOwner<{ now: Date }>('SELECT clock_timestamp() AS now'))[0]?.now as Date
  const { id, digest } = await submitRequest(mina, aSubmission({ reason: hostile }))
  requestId = id
  await decide(priya, { id, digest }, { note: 'go ahead', narrow: { durationSeconds: 600 } })
  const { grant, cluster, namespaces, policyHash } = await requestRow({ id })
  grantId = grant?.id ?? ''
  const call = (verb: string, objectRef: object, code: number) =>
    anAuditEvent({ verb, user: userOfGrant(grantId, null), objectRef, responseStatus: { code } })
  await saveAuditEvents(aSystemActor(), cluster, [
    call('list', { resource: 'pods', namespace: 'payments' }, 200),
    call('list', { resource: 'pods', namespace: 'payments' }, 200),
    call('get', { resource: 'secrets', namespace: 'payments', name: 'db-password' }, 200),
    call('delete', { resource: 'deployments', apiGroup: 'apps', namespace: hostile, name: 'web' }, 403),
    anAuditEvent({ verb: 'get', objectRef: { resource: 'secrets', namespace: 'payments', name: 'of-someone-else' } }),
  ])
  const about = { requestId: id, grantId: grant?.id ?? '', personId: mina.person.id, cluster, namespaces, policyHash }
  const actor = aSystemActor()
  await transaction((tx) =>
    recordEvents(tx, [
      { type: 'grant.active', actor, data: { expiresAt: '2026-11-23T09:10:00.000Z', probes: 6 }, about },
      { type: 'credential.issued', actor: mina, data: { jti: 'a-jti', expiresAt: '2026-11-23T09:10:00.000Z' }, about },
    ]),
  )
  // The log orders events of a period with a minute to spare: these lie hours apart.
  const shift = `ALTER TABLE audit_events DISABLE TRIGGER ALL; UPDATE audit_events SET at = at - interval '3 hours'; ALTER TABLE audit_events ENABLE TRIGGER ALL`
  await asIntruder(shift)
  const between = await now()
  times = { before: new Date(between.getTime() - 3_600_000), after: new Date(between.getTime() + 3_600_000) }
  const other = await submitRequest(asActor(mina.person), aSubmission({ reason: 'the deploy hangs again' }))
  await transaction((tx) =>
    recordEvents(tx, [
      { type: 'grant.ending', actor, data: { endedBy: 'expiry', note: null }, about },
      { type: 'grant.ended', actor, data: { endedBy: 'expiry', probes: 6 }, about },
      { type: 'request.lapsed', actor, data: {}, about: { ...about, requestId: other.id, grantId: undefined } },
    ]),
  )
  await writeLog(never)
})

async function asIntruder(sql: string) {
  const { default: pg } = await import('pg')
  const client = new pg.Client({ connectionString: database.adminUrl })
  await client.connect()
  await client.query(sql).finally(() => client.end())
}

describe('the pack of a request', () => {
  test('is verified without a server, and says how many files were', async () => {
    expect(await verifyBytes(await bytesOf({ request: requestId }))).toEqual({
      code: 0,
      out: expect.stringMatching(
        /^The checkpoint of size \d+ is signed by localhost:3000\/log\.\n\d+ events, 2 versions of terms and 1 policy version verified, and the report says the same\. 4 calls are in it as API servers reported them: they are not in the log, so nothing that is signed covers them\.\n$/,
      ),
      err: '',
    })
  })

  test('of the same log is the same file, byte for byte', async () => {
    expect((await bytesOf({ request: requestId })).equals(await bytesOf({ request: requestId }))).toBe(true)
  })

  test('has a report that says who requested, decided and held it, and when that was confirmed', async () => {
    const report = String((await unzip(await bytesOf({ request: requestId }))).get('report.html'))
    for (const words of [
      'Mina Okafor',
      'Priya Raman',
      'go ahead',
      '10 minutes',
      '30 minutes',
      'the API server allowed it in 6 access reviews',
      'the API server denied it in 6 access reviews',
      'a-jti',
      'it expired',
      'patch deployments.apps',
    ])
      expect(report).toContain(words)
  })

  test('has every call that was made with its grants and none of anyone else, and its report counts them', async () => {
    const files = await unzip(await bytesOf({ request: requestId }))
    const [head, ...calls] = String(files.get('calls.jsonl'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(head.grant).toMatchObject({ id: grantId, cluster: 'prod-eu', count: 4, refused: 1, secrets: 1 })
    expect(calls.map(({ call }) => `${call.verb} ${call.resource} ${call.name} ${call.code}`).sort()).toEqual([
      'delete deployments web 403',
      'get secrets db-password 200',
      'list pods  200',
      'list pods  200',
    ])
    const report = String(files.get('report.html'))
    const { feed } = head.grant
    for (const words of [
      `prod-eu reported calls to Postern from <time datetime="${feed.firstAt}">`,
      'They come from the audit events of its API server and are not in the log.',
      '4 calls, of which the API server refused 1. 1 call read or changed Secrets.',
      '<code>db-password</code> in <code>payments</code>',
      '<td>403 refused</td>',
    ])
      expect(report).toContain(words)
    expect(report).not.toContain('of-someone-else')
  })

  test('whose calls someone removed, added or changed is found, also where the manifest was written again', async () => {
    const files = await unzip(await bytesOf({ request: requestId }))
    const lines = String(files.get('calls.jsonl')).trim().split('\n')
    const verifyCalls = (changed: readonly string[]) =>
      verifyFiles(
        withManifest(new Map([...files, ['calls.jsonl', Buffer.from(changed.map((one) => `${one}\n`).join(''))]])),
      )
    expect((await verifyCalls(lines)).code).toBe(0)
    const [head = '', first = '', ...rest] = lines
    for (const [changed, why] of [
      [[head, ...rest], 'report.html was changed'],
      [[head, first, first, ...rest], 'report.html was changed'],
      [[head, first.replace('192.0.2.30', '192.0.2.31'), ...rest], 'report.html was changed'],
      [[first, head, ...rest], 'a call has no grant'],
      [[head, first, head, ...rest], 'a grant has two lists'],
      [[], `the calls of ${grantId} are missing`],
      [[head, first, ...rest, head.replace(grantId, 'gra_nothing')], 'no event is about gra_nothing'],
      [[head, first.replace('"call":{', '"call": {'), ...rest], 'a line is not as Postern writes it'],
    ] as const)
      expect(await verifyCalls(changed), why).toMatchObject({ code: 1, out: expect.stringContaining(why) })
  })

  test('has a report in which no text of a person is HTML, and nothing can be loaded or run', async () => {
    const report = String((await unzip(await bytesOf({ request: requestId }))).get('report.html'))
    expect(report).toContain('&lt;script&gt;alert(1)&lt;/script&gt; =cmd|x [U+202E] &quot;&#39;&amp;')
    expect(report).not.toMatch(/<script|\u202e|<img|<link|src=|javascript:/)
    expect(report).toContain(`content="default-src 'none'; style-src 'unsafe-inline'"`)
  })

  test('one changed byte of any file is found, also where the manifest was written again', async () => {
    const files = await unzip(await bytesOf({ request: requestId }))
    for (const [path, content] of files) {
      const places = new Set([0, 1, Math.floor(content.length / 3), Math.floor(content.length / 2), content.length - 1])
      for (const place of places) {
        const changed = Buffer.from(content)
        changed[place] = (changed[place] ?? 0) ^ 1
        const damaged: Files = new Map([...files, [path, changed]])
        expect((await verifyFiles(damaged)).code, `${path} at ${place}`).not.toBe(0)
        if (path === 'manifest.json') continue
        const found = await verifyFiles(withManifest(damaged))
        expect(found, `${path} at ${place}, with a new manifest`).toMatchObject({ code: expect.any(Number) })
        expect(found.code, `${path} at ${place}, with a new manifest`).not.toBe(0)
      }
    }
  })

  test('a removed or added file is named', async () => {
    const files = await unzip(await bytesOf({ request: requestId }))
    for (const path of files.keys()) {
      if (path === 'manifest.json') continue
      const without = new Map([...files].filter(([name]) => name !== path))
      const { code, out } = await verifyFiles(withManifest(without))
      expect(code, `${path}: ${out}`).toBe(1)
    }
    expect(await verifyFiles(withManifest(new Map([...files, ['notes.txt', Buffer.from('x')]])))).toMatchObject({
      code: 1,
      out: expect.stringContaining('"notes.txt" is not a file of an evidence pack'),
    })
  })

  test('a changed event is named, and so is one of another request', async () => {
    const files = await unzip(await bytesOf({ request: requestId }))
    const lines = String(files.get('events.jsonl')).split('\n')
    const changed = lines.map((line) => line.replace('go ahead', 'go away!'))
    const withLines = (all: readonly string[]): Files =>
      withManifest(new Map([...files, ['events.jsonl', Buffer.from(all.join('\n'))]]))
    expect(await verifyFiles(withLines(changed))).toMatchObject({
      code: 1,
      out: expect.stringMatching(/^Not verified\. evt_\w+ \(leaf \d+\) was changed after it was logged/),
    })
    const whole = await unzip(await bytesOf({ from: new Date(0), to: times.after }))
    const foreign = String(whole.get('events.jsonl'))
      .split('\n')
      .find((line) => line.includes('the deploy hangs again'))
    expect(await verifyFiles(withLines([...lines.slice(0, -3), foreign ?? '', ...lines.slice(-3)]))).toMatchObject({
      code: 1,
      out: expect.stringContaining(`is not about ${requestId}`),
    })
  })

  test('the same event in other words of JSON is found, so that no byte of a line can differ unseen', async () => {
    const files = await unzip(await bytesOf({ request: requestId }))
    const text = String(files.get('events.jsonl')).replace('{"entry":', '{ "entry":')
    expect(await verifyFiles(withManifest(new Map([...files, ['events.jsonl', Buffer.from(text)]])))).toMatchObject({
      code: 1,
      out: expect.stringContaining('a line is not as Postern writes it'),
    })
  })

  test('names events that are newer than its checkpoint', async () => {
    const about = { requestId, personId: mina.person.id }
    await transaction((tx) => recordEvents(tx, [{ type: 'request.lapsed', actor: aSystemActor(), data: {}, about }]))
    const bytes = await bytesOf({ request: requestId })
    expect((await verifyBytes(bytes)).out).toContain('1 newer event is not in it.')
    expect(String((await unzip(bytes)).get('README.txt'))).toMatch(/Newer events that are not in it: evt_/)
    await writeLog(never)
  })
})

test('a pack has the first 10,000 calls of a grant, and says how many there are', async () => {
  const insert = `INSERT INTO activity (source_id, call, is_start, audit_id, kind, at, ended_at, code, verb, api_group, resource, subresource, namespace, name, path)
    SELECT (SELECT max(id) FROM activity_sources WHERE grant_id = '${grantId}'), gen_random_uuid(), false, 'x', 'grant', now(), now(), 200, 'get', '',
      'kind' || n % 150, '', '', '', '' FROM generate_series(1, 10000) AS n`
  await asIntruder(insert)
  const bytes = await bytesOf({ request: requestId })
  expect((await verifyBytes(bytes)).out).toContain('10000 calls are in it')
  const report = String((await unzip(bytes)).get('report.html'))
  expect(report).toContain('10004 calls, of which the API server refused 1.')
  expect(report).toContain('This pack has the first 10000 that arrived.')
  expect(report).toMatch(/And \d+ calls of other kinds\./)
  await asIntruder(
    `ALTER TABLE activity DISABLE TRIGGER ALL; DELETE FROM activity WHERE audit_id = 'x'; ALTER TABLE activity ENABLE TRIGGER ALL`,
  )
})

describe('the pack of a period', () => {
  test('has every event of the period, and all events of requests whose access was live in it', async () => {
    const bytes = await bytesOf({ from: times.before, to: times.after })
    expect(await verifyBytes(bytes)).toMatchObject({ code: 0 })
    const events = String((await unzip(bytes)).get('events.jsonl'))
    // Hours before the period, and of access that ended in it.
    expect(events).toContain('"type":"grant.active"')
    expect(events).toContain('"type":"grant.ended"')
    expect(events).toContain('the deploy hangs again')
  })

  test('that the log did not outlast says where the log ended, so that an early pack cannot pass for the whole period', async () => {
    const early = await verifyBytes(await bytesOf({ from: times.before, to: new Date(Date.now() + 86_400_000) }))
    expect(early).toMatchObject({
      code: 0,
      out: expect.stringMatching(/The signed log ends at \d{4}-[^ ]+Z: what happened later/),
    })
    const whole = await verifyBytes(await bytesOf({ from: new Date(0), to: times.before }))
    expect(whole).toMatchObject({ code: 0, out: expect.not.stringContaining('log ends') })
  })

  test('an event that was left out is found', async () => {
    const files = await unzip(await bytesOf({ from: times.before, to: times.after }))
    const { scope } = JSON.parse(String(files.get('manifest.json')))
    const lines = String(files.get('events.jsonl')).trim().split('\n')
    for (const dropped of [scope.first, scope.first + 1, scope.last]) {
      const rest = lines.filter((line) => !line.includes(`"index":${dropped},`))
      expect(rest.length).toBe(lines.length - 1)
      const changed = withManifest(new Map([...files, ['events.jsonl', Buffer.from(`${rest.join('\n')}\n`)]]))
      const { code, out } = await verifyFiles(changed)
      expect(code).toBe(1)
      expect(out).toMatch(/Leaf \d+ is missing: no event of the period may be left out/)
    }
  })

  test('a narrower range of leaves cannot pass for the period', async () => {
    const files = await unzip(await bytesOf({ from: new Date(0), to: times.after }))
    const manifest = JSON.parse(String(files.get('manifest.json')))
    for (const scope of [
      { ...manifest.scope, first: manifest.scope.first + 1 },
      { ...manifest.scope, last: manifest.scope.last - 1 },
      { ...manifest.scope, first: manifest.scope.last + 1 },
    ]) {
      const changed = Buffer.from(`${JSON.stringify({ ...manifest, scope }, null, 2)}\n`)
      expect(await verifyFiles(new Map([...files, ['manifest.json', changed]])), JSON.stringify(scope)).toMatchObject({
        code: 1,
        out: expect.stringMatching(/leaves of the period are missing|may be left out/),
      })
    }
  })

  test('ends with its reader, who may leave early', async () => {
    const pieces = zipPieces(await evidencePack(auditor, { from: new Date(0), to: times.after }))
    expect((await pieces.next()).done).toBe(false)
    await pieces.return(undefined)
    expect((await pieces.next()).done).toBe(true)
  })

  test('must end after it begins', async () => {
    await expect(evidencePack(auditor, { from: times.after, to: times.before })).rejects.toMatchObject({
      code: 'invalid',
    })
  })
})

test('evidence is for auditors and admins, and only of a request that exists', async () => {
  await expect(evidencePack(mina, { request: requestId })).rejects.toMatchObject({ code: 'not-found' })
  await expect(evidencePack(mina, { from: new Date(0), to: times.after })).rejects.toMatchObject({ code: 'not-found' })
  await expect(evidencePack(auditor, { request: 'req_nothing' })).rejects.toMatchObject({ code: 'not-found' })
})

test('terms that someone changed in the database are missing from the pack, and that is found', async () => {
  await asIntruder(
    `ALTER TABLE requests DISABLE TRIGGER ALL; UPDATE requests SET namespaces = '{kube-system}' WHERE id = '${requestId}';
     UPDATE requests SET submitted_terms = jsonb_set(submitted_terms, '{namespaces}', '["kube-system"]') WHERE id = '${requestId}'`,
  )
  expect(await verifyBytes(await bytesOf({ request: requestId }))).toMatchObject({
    code: 1,
    out: expect.stringContaining(`The terms of ${requestId} are missing`),
  })
})

test('a file that is not a pack is refused with its reason', async () => {
  const { code, err } = await verifyBytes(Buffer.from('PK\x03\x04 and nothing else'))
  expect(code).toBe(2)
  expect(err).toMatch(/\d+\.zip: /)
  expect(readFileSync(join(folder, '1.zip')).subarray(0, 2).toString()).toBe('PK')
})
