import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { recordEvent } from '#lib/adapters/db/audit/audit'
import { transaction } from '#lib/adapters/db/client'
import { readGauges } from '#lib/adapters/db/gauges'
import { logCheckpoint } from '#lib/views/log-files'
import { verifyEvent } from '#lib/views/verify-event'
import { testBench } from '#testing/bench'
import { aConfiguration } from '#testing/configuration'
import { eventsWhere } from '#testing/events'
import { anActor, aSystemActor } from '#testing/people'
import { logWriting } from './log-writer.ts'
import { publishCheckpoint } from './publish-checkpoint.ts'

const folder = mkdtempSync(join(tmpdir(), 'postern-anchors-'))
const at = (name: string) => join(folder, name)
const git = (...args: string[]) => execFileSync('git', args, { encoding: 'utf8', cwd: folder })
git('init', '--quiet', '--bare', '--initial-branch=main', at('remote.git'))
git('clone', '--quiet', at('remote.git'), at('clone'))

const received: string[] = []
let answers = 503
const receiver = createServer((request, response) => {
  let body = ''
  request.on('data', (chunk) => {
    body += chunk
  })
  request.on('end', () => {
    if (answers === 200) received.push(body)
    response.writeHead(answers).end()
  })
})
await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve))

const names = ['disk', 'repository', 'hook']
const { database } = await testBench({
  configuration: {
    ...aConfiguration(),
    log: {
      anchors: [
        { name: 'disk', directory: at('disk') },
        { name: 'repository', git: { directory: at('clone') } },
        { name: 'hook', webhook: { url: `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/checkpoints` } },
      ],
    },
  },
})
const auditor = await anActor({ roles: ['auditor'] })
afterAll(() => {
  receiver.close()
  rmSync(folder, { recursive: true })
})

const never = new AbortController().signal
const writeLog = logWriting()
async function grow() {
  await transaction((tx) => recordEvent(tx, { type: 'request.lapsed', actor: aSystemActor(), data: {} }))
  await writeLog(never)
}
const behind = async () =>
  (await readGauges(names)).anchors.filter(({ lagSeconds }) => lagSeconds > 0).map(({ name }) => name)

test('each anchor keeps the checkpoint, and one that fails is tried again and shown meanwhile', async () => {
  await grow()
  expect(await behind()).toEqual(names)
  await publishCheckpoint(0)
  const first = await logCheckpoint(auditor)
  const size = first.split('\n')[1] ?? ''
  const file = `checkpoint-${size.padStart(12, '0')}`
  expect(readFileSync(at(`disk/${file}`), 'utf8')).toBe(first)
  expect(git('-C', at('remote.git'), 'show', `main:${file}`)).toBe(first)
  expect(await behind()).toEqual(['hook'])
  answers = 200
  await publishCheckpoint(0)
  expect(received).toEqual([first])
  expect(await behind()).toEqual([])
  const [{ id } = { id: '' }] = await eventsWhere({ type: 'request.lapsed' })
  expect((await verifyEvent(id)).anchors.map(({ name }) => name)).toEqual(names)
})

test('an anchor is given each checkpoint once, and not every one of a minute', async () => {
  await publishCheckpoint(0)
  expect(received).toHaveLength(1)
  await grow()
  await publishCheckpoint(3_600)
  expect(received).toHaveLength(1)
  await publishCheckpoint(0)
  expect(received).toHaveLength(2)
  expect(git('-C', at('remote.git'), 'log', '--format=%s', 'main').trim().split('\n')).toHaveLength(2)
})

test('a commit whose push failed is pushed later, and a kept file is never overwritten', async () => {
  git('-C', at('clone'), 'remote', 'set-url', 'origin', at('nowhere.git'))
  await grow()
  await publishCheckpoint(0)
  expect(await behind()).toEqual(['repository'])
  git('-C', at('clone'), 'remote', 'set-url', 'origin', at('remote.git'))
  await publishCheckpoint(0)
  expect(await behind()).toEqual([])
  expect(git('-C', at('remote.git'), 'log', '--format=%s', 'main').trim().split('\n')).toHaveLength(3)
  expect(readdirSync(at('disk'))).toHaveLength(3)
})

test('a row that Postern did not write neither stops an anchor nor vouches for it', async () => {
  const before = received.length
  await grow()
  const [{ id } = { id: '' }] = (await eventsWhere({ type: 'request.lapsed' })).slice(-1)
  const largest = '(SELECT max(size) FROM log_checkpoints)'
  await database.asApp(`UPDATE log_anchors SET size = ${largest} WHERE name = 'hook'`)
  await database.asApp(`UPDATE log_anchors SET size = ${largest}, signature = 'v1.forged' WHERE name = 'disk'`)
  expect(await behind()).toEqual(names)
  expect((await verifyEvent(id)).anchors).toEqual([])
  await publishCheckpoint()
  expect(received).toHaveLength(before + 1)
  expect((await behind()).filter((name) => name !== 'repository')).toEqual([])
})
