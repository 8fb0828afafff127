import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, expect, test } from 'vitest'
import { db } from '#lib/adapters/db/client'
import { anAuditEvent } from '#testing/audit-events'
import { testBench } from '#testing/bench'
import { aConfiguration } from '#testing/configuration'
import { testUrl } from '#testing/identity'
import { POST } from '../../app/api/v1/clusters/[cluster]/audit/route.ts'
import { run } from '../running.testing.ts'

const folder = mkdtempSync(join(tmpdir(), 'postern-import-'))
afterAll(() => rmSync(folder, { recursive: true }))
const tokenFile = join(folder, 'token')
writeFileSync(tokenFile, `${randomBytes(32).toString('base64url')}\n`)
const { clusters } = aConfiguration()
await testBench({
  configuration: aConfiguration({ clusters: clusters.map((one) => ({ ...one, audit: { tokenFile } })) }),
})

const server = createServer(async (incoming, outgoing) => {
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(chunk as Buffer)
  const headers = incoming.headers as Record<string, string>
  const request = new Request(`${testUrl}${incoming.url}`, { method: 'POST', headers, body: Buffer.concat(chunks) })
  const cluster = incoming.url?.split('/')[4] ?? ''
  const response = await POST(request, { params: Promise.resolve({ cluster }) })
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
const importing = (files: string[], options: { cluster?: string; token?: string } = {}) => {
  const { cluster = 'prod-eu', token = tokenFile } = options
  return run(['activity', 'import', '--server', url, '--cluster', cluster, '--token-file', token, ...files])
}

test('plain and compressed files are sent in batches, and sending them again adds nothing', async () => {
  const files = [fileWith('audit.log', lines(950)), fileWith('audit.log.gz', gzipSync(lines(3)))]
  const text = (kept: number, known: number) =>
    `953 events: ${kept} kept, ${known} known before, 0 counted, 0 not readable\n`
  expect(await importing(files)).toEqual({ code: 0, out: text(953, 0), err: '' })
  expect(await db().activity.count()).toBe(953)
  expect(await importing(files)).toEqual({ code: 0, out: text(0, 953), err: '' })
})

test('a line that is not JSON, a cut one and an empty one don’t stop the import', async () => {
  const file = fileWith('broken.log', `not json\n\n${lines(1)}${lines(1).slice(0, 80)}`)
  expect((await importing([file])).out).toBe('3 events: 1 kept, 0 known before, 0 counted, 2 not readable\n')
})

test('a wrong token, an unknown cluster or a missing file ends the import with the reason', async () => {
  const file = fileWith('one.log', lines(1))
  const wrong = fileWith('wrong-token', 'x'.repeat(43))
  expect(await importing([file], { token: wrong })).toMatchObject({
    code: 3,
    err: expect.stringContaining('tokenFile'),
  })
  expect(await importing([file], { cluster: 'nowhere' })).toMatchObject({ code: 3, out: '' })
  expect(await importing([join(folder, 'none.log')])).toMatchObject({
    ...{ code: 2, err: expect.stringContaining('none.log: no such file or directory') },
  })
  const broken = fileWith('broken.gz', gzipSync(lines(100)).subarray(0, 400))
  expect(await importing([broken])).toMatchObject({ code: 2, err: expect.stringContaining('broken.gz: ') })
})
