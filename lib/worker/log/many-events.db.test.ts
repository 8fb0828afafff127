import { spawn } from 'node:child_process'
import { createWriteStream, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { afterAll, expect, test } from 'vitest'
import { logVerifiers } from '#lib/adapters/db/log/log-keys'
import { zipPieces } from '#lib/api/zip-file'
import { evidencePack } from '#lib/views/evidence-pack'
import { exportAuditEvents } from '#lib/views/export-audit-events'
import { logEntries } from '#lib/views/log-entries'
import { logCheckpoint } from '#lib/views/log-files'
import { testBench } from '#testing/bench'
import { anActor } from '#testing/people'
import { logWriting } from './log-writer.ts'

// The log with many events: POSTERN_LOG_EVENTS=200000 prints how long each step took and how much memory it needed.

const many = Number(process.env.POSTERN_LOG_EVENTS ?? 2_000)
const { database } = await testBench()
const folder = mkdtempSync(join(tmpdir(), 'postern-many-'))
afterAll(() => rmSync(folder, { recursive: true }))
const auditor = await anActor({ roles: ['auditor'] })
const key = logVerifiers('http://localhost:3000')[0]?.text ?? ''
const never = new AbortController().signal

const figures: string[] = []
const seconds = (began: number) => ((performance.now() - began) / 1000).toFixed(1)
async function step<T>(name: string, work: () => Promise<T>): Promise<T> {
  const [began, before, memory] = [performance.now(), process.cpuUsage(), process.memoryUsage.rss()]
  const result = await work()
  const { user, system } = process.cpuUsage(before)
  const grown = Math.round((process.memoryUsage.rss() - memory) / 2 ** 20)
  figures.push(
    `${name}: ${seconds(began)} s, processor ${((user + system) / 1e6).toFixed(1)} s, this process grew by ${grown} MB`,
  )
  return result
}

/** Runs the command as a process of its own, and watches its peak of memory where the system tells it. */
async function verify(name: string, file: string) {
  const began = performance.now()
  const command = join(import.meta.dirname, '../../../cli/postern.mjs')
  const child = spawn(process.execPath, [command, 'log', 'verify', file, '--key', key])
  let [out, peak, ticks] = ['', '', 0]
  child.stdout.on('data', (chunk) => {
    out += chunk
  })
  const watch = setInterval(() => {
    try {
      peak = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1] ?? peak
      const stat = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? []
      ticks = Number(stat[11]) + Number(stat[12])
    } catch {
      // Another system, or the process is over.
    }
  }, 50)
  const code = await new Promise((resolve) => child.on('close', resolve))
  clearInterval(watch)
  figures.push(`${name}: ${seconds(began)} s, processor ${ticks / 100} s, peak ${Math.round(Number(peak) / 1024)} MB`)
  return { code, out }
}

const save = (file: string, pieces: AsyncIterable<string | Uint8Array>) =>
  pipeline(Readable.from(pieces), createWriteStream(join(folder, file)))

async function* wholeLog() {
  yield `${JSON.stringify({ checkpoint: await logCheckpoint(auditor) })}\n`
  for (let from: number | null = 0; from !== null; ) {
    const page: Awaited<ReturnType<typeof logEntries>> = await logEntries(auditor, from)
    for (const entry of page.entries) yield `${JSON.stringify({ entry })}\n`
    from = page.next
  }
}

test('a log of many events is appended, exported and verified, and its newest hours are a pack', async () => {
  await database.asOwner(
    `INSERT INTO audit_events (id, at, type, actor_kind, actor_name, via, reference, cluster, namespaces, data)
     SELECT 'evt_' || lpad(n::text, 26, '0'), clock_timestamp() - make_interval(secs => ($1 - n) * 10), 'request.denied', 'person', 'Person ' || n % 100, 'api',
       'r' || n, 'prod-eu', '{payments}', jsonb_build_object('note', 'the number of this event is ' || n)
     FROM generate_series(1, $1::int) AS n ORDER BY n`,
    [many],
  )
  await step('append and sign', () => logWriting()(never))
  await step('export the whole log', () => save('log.jsonl', wholeLog()))
  expect(await verify('verify the whole log', join(folder, 'log.jsonl'))).toMatchObject({
    code: 0,
    out: expect.stringContaining(`${many} events verified.`),
  })
  await step('export as OCSF', () => save('events.jsonl', exportAuditEvents(auditor, {}, 'ocsf')))
  const now = new Date()
  // At most 49,900 events of ten seconds each.
  const from = new Date(now.getTime() - Math.min(many, 49_900) * 10_000)
  await step('make a pack', async () => save('pack.zip', zipPieces(await evidencePack(auditor, { from, to: now }))))
  expect(await verify('verify the pack', join(folder, 'pack.zip'))).toMatchObject({ code: 0 })
  figures.push(
    `log ${Math.round(statSync(join(folder, 'log.jsonl')).size / 2 ** 20)} MB, pack ${Math.round(statSync(join(folder, 'pack.zip')).size / 2 ** 20)} MB`,
  )
  if (process.env.POSTERN_LOG_EVENTS) console.info(figures.join('\n'))
}, 1_200_000)
