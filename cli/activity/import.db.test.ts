import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, expect, test } from 'vitest'
import { db } from '#lib/adapters/db/client'
import { saveAuditEvents } from '#lib/operations/save-audit-events'
import { activityGaps } from '#lib/views/activity-gaps'
import { listActivity } from '#lib/views/list-activity'
import { apiBench } from '#testing/api-bench'
import { anAuditEvent, microTime } from '#testing/audit-events'
import { aConfiguration } from '#testing/configuration'
import { eventsWhere } from '#testing/events'
import { testUrl } from '#testing/identity'
import { aPerson, aSystemActor, asActor } from '#testing/people'
import { POST } from '../../app/api/v1/clusters/[cluster]/audit/route.ts'
import { POST as startImport } from '../../app/api/v1/clusters/[cluster]/audit-imports/route.ts'
import { run } from '../running.testing.ts'

const folder = mkdtempSync(join(tmpdir(), 'postern-import-'))
afterAll(() => rmSync(folder, { recursive: true }))
const tokenFile = join(folder, 'token')
writeFileSync(tokenFile, `${randomBytes(32).toString('base64url')}\n`)
const { clusters } = aConfiguration()
const { as } = await apiBench(['ola', 'ines', 'mina'], {
  clusters: clusters
    .flatMap((one) => [one, { ...one, name: 'prod-us' }])
    .map((one) => ({ ...one, audit: { tokenFile } })),
})

const server = createServer(async (incoming, outgoing) => {
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(chunk as Buffer)
  const headers = incoming.headers as Record<string, string>
  const request = new Request(`${testUrl}${incoming.url}`, { method: 'POST', headers, body: Buffer.concat(chunks) })
  const cluster = incoming.url?.split('/')[4] ?? ''
  const post = incoming.url?.endsWith('/audit-imports') ? startImport : POST
  const response = await post(request, { params: Promise.resolve({ cluster }) })
  outgoing.writeHead(response.status, { 'content-type': 'application/json' }).end(await response.text())
})
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
afterAll(() => void server.close())
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

const secret = { resource: 'secrets', namespace: 'payments', name: 'key' }
const lines = (count: number) =>
  Array.from({ length: count }, () => `${JSON.stringify(anAuditEvent({ verb: 'get', objectRef: secret }))}\n`).join('')
const fileWith = (name: string, content: string | Buffer) => {
  const file = join(folder, name)
  writeFileSync(file, content)
  return file
}
const importing = (files: string[], options: { cluster?: string; token?: string; person?: string } = {}) => {
  const { cluster = 'prod-eu', token = tokenFile, person = 'ola' } = options
  return run(['activity', 'import', '--server', url, '--cluster', cluster, '--token-file', token, ...files], '', {
    POSTERN_TOKEN: as(person).token,
  })
}

test('plain and compressed files are sent in batches, and sending them again adds nothing', async () => {
  const files = [fileWith('audit.log', lines(950)), fileWith('audit.log.gz', gzipSync(lines(3)))]
  const text = (count: number, kept: number, known: number) =>
    `: ${count} events: ${kept} kept, ${known} known before, 0 counted, 0 not readable\n`
  const first = await importing(files)
  expect(first).toMatchObject({ code: 0, err: '' })
  expect(first.out).toContain(`audit.log${text(950, 950, 0)}950 events had not arrived in Postern before`)
  expect(first.out).toContain(`audit.log.gz${text(3, 3, 0)}3 events had not arrived`)
  expect(await db().activity.count()).toBe(953)
  const again = files.map((file, index) => `${file}${index === 0 ? text(950, 0, 950) : text(3, 0, 3)}`).join('')
  expect(await importing(files)).toEqual({ code: 0, out: again, err: '' })
  expect(await db().activity.count()).toBe(953)
})

const auditor = asActor(await aPerson(), ['auditor'])
const minute = (count: number) => new Date(Date.UTC(2026, 9, 5, 10, count))
const readAt = (at: Date) => {
  return anAuditEvent({
    verb: 'get',
    objectRef: secret,
    ...{ requestReceivedTimestamp: microTime(at), stageTimestamp: microTime(at) },
  })
}
const text = (events: object[]) => events.map((event) => `${JSON.stringify(event)}\n`).join('')
const day = { cluster: 'prod-eu', from: '2026-10-05T00:00:00Z', to: '2026-10-06T00:00:00Z' }

test('calls of the file that had not arrived by the webhook are a gap with the file and the person, and no others are', async () => {
  const events = Array.from({ length: 120 }, (_, index) => readAt(minute(index)))
  const isLost = (index: number) => (index >= 20 && index < 30) || index === 45
  await saveAuditEvents(
    aSystemActor('activity'),
    'prod-eu',
    events.filter((_, index) => !isLost(index)),
  )
  expect((await activityGaps(auditor, day)).silences.at(-1)).toMatchObject({
    ...{ cluster: 'prod-eu', from: minute(20).toISOString(), to: minute(30).toISOString(), usualSeconds: 60 },
    isOngoing: false,
  })
  const file = fileWith('node-1.log', text(events))
  const { out } = await importing([file])
  expect(out).toContain(': 120 events: 11 kept, 109 known before, 0 counted, 0 not readable\n')
  expect(out).toContain(
    `11 events had not arrived in Postern before, of calls between ${minute(20).toISOString()} and ${minute(45).toISOString()}.`,
  )
  const { filled, silences } = await activityGaps(auditor, day)
  const by = { file: 'node-1.log', by: 'Ola Nowak', cluster: 'prod-eu' }
  expect(filled).toMatchObject([
    { ...by, count: 1, firstAt: minute(45).toISOString(), lastAt: minute(45).toISOString() },
    { ...by, count: 10, firstAt: minute(20).toISOString(), lastAt: minute(29).toISOString() },
  ])
  expect(silences.every(({ from }) => from >= minute(120).toISOString())).toBe(true)
  const [gap] = filled
  const listed = (await listActivity(auditor, { ...day, import: gap?.importId ?? '' })).items
  expect(listed.map(({ at }) => at).sort()).toEqual(
    events.flatMap((_, index) => (isLost(index) ? [minute(index).toISOString()] : [])),
  )
  expect(await eventsWhere({ type: 'activity.import-started', cluster: 'prod-eu' })).toContainEqual(
    expect.objectContaining({ data: { importId: gap?.importId, file: 'node-1.log' } }),
  )
  await importing([file])
  expect((await activityGaps(auditor, day)).filled).toEqual(filled)
  await expect(activityGaps(asActor(await aPerson()), day)).rejects.toMatchObject({ code: 'not-found' })
})

test('a file of an earlier hour does not make the time between known, in which nothing may have been reported', async () => {
  await saveAuditEvents(aSystemActor('activity'), 'prod-us', [readAt(minute(60 * 24))])
  const firstAt = async () => (await db().activityFeed.findUnique({ where: { cluster: 'prod-us' } }))?.firstAt
  const file = fileWith('earlier.log', text([readAt(minute(0))]))
  expect((await importing([file], { cluster: 'prod-us' })).out).toContain(': 1 event: 1 kept')
  expect(await firstAt()).toEqual(minute(60 * 24))
})

test('only an admin can start an import, each attempt is recorded, and events of another or an old import are refused', async () => {
  const file = fileWith('one-more.log', lines(1))
  const calls = await db().activity.count()
  for (const person of ['ines', 'mina']) expect(await importing([file], { person })).toMatchObject({ code: 1, out: '' })
  expect(await eventsWhere({ type: 'activity.import-refused' })).toHaveLength(2)
  const old = await db().activityImport.create({
    data: {
      ...{ id: `imp_${'0'.repeat(26)}`, cluster: 'prod-eu', file: 'x', at: new Date(Date.now() - 90_000_000) },
      personId: auditor.person.id,
    },
  })
  const send = (importId: string, cluster: string) =>
    saveAuditEvents(aSystemActor('activity'), cluster, [readAt(new Date())], importId)
  await expect(send(old.id, 'prod-eu')).rejects.toMatchObject({ code: 'conflict' })
  const open = (await db().activityImport.findFirst({ where: { file: 'node-1.log' } }))?.id ?? ''
  await expect(send(open, 'staging')).rejects.toMatchObject({ code: 'conflict' })
  expect(await db().activity.count()).toBe(calls)
})

test('a line that is not JSON, a cut one and an empty one don’t stop the import', async () => {
  const file = fileWith('broken.log', `not json\n\n${lines(1)}${lines(1).slice(0, 80)}`)
  expect((await importing([file])).out).toContain(': 3 events: 1 kept, 0 known before, 0 counted, 2 not readable\n')
})

test('an event that is larger than a batch, and a line without an end, don’t stop the import', async () => {
  const responseObject = { kind: 'SecretList', items: 'x'.repeat(11 * 1024 * 1024) }
  const large = `${JSON.stringify({ ...anAuditEvent({ verb: 'list', objectRef: secret }), responseObject })}\n`
  const wide = `${JSON.stringify({ ...anAuditEvent({ verb: 'get', objectRef: secret }), userAgent: '言'.repeat(80_000) })}\n`
  const unreadable = `${JSON.stringify({ ...anAuditEvent({ verb: 'get', objectRef: secret }), annotations: { why: 'x'.repeat(11 * 1024 * 1024) } })}\n`
  const file = fileWith('large.log', large + wide.repeat(60) + unreadable + lines(1))
  expect(await importing([file])).toMatchObject({
    ...{ code: 0, err: '' },
    out: expect.stringContaining(': 63 events: 3 kept, 59 known before, 0 counted, 1 not readable\n'),
  })
})

test('a compressed file of 200 MB without a line end is one unreadable line, and its next line is imported', async () => {
  const bomb = Buffer.concat([
    ...Array.from({ length: 2 }, () => gzipSync(Buffer.alloc(100 * 1024 * 1024, '{"a":'))),
    gzipSync(`\n${lines(1)}`),
  ])
  const before = process.resourceUsage().maxRSS
  const { out } = await importing([fileWith('bomb.log.gz', bomb)])
  expect(out).toContain(': 2 events: 1 kept, 0 known before, 0 counted, 1 not readable\n')
  expect((process.resourceUsage().maxRSS - before) / 1024, 'MB').toBeLessThan(300)
})

test('a wrong token, an unknown cluster or a missing file ends the import with the reason', async () => {
  const file = fileWith('one.log', lines(1))
  const wrong = fileWith('wrong-token', 'x'.repeat(43))
  expect(await importing([file], { token: wrong })).toMatchObject({
    code: 3,
    err: expect.stringContaining('tokenFile'),
  })
  expect(await importing([file], { cluster: 'nowhere' })).toMatchObject({ code: 1, out: '' })
  expect(await importing([join(folder, 'none.log')])).toMatchObject({
    ...{ code: 2, err: expect.stringContaining('none.log: no such file or directory') },
  })
  const broken = fileWith('broken.gz', gzipSync(lines(100)).subarray(0, 400))
  expect(await importing([broken])).toMatchObject({ code: 2, err: expect.stringContaining('broken.gz: ') })
})
