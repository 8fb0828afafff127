import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import type { RotaSource } from '#lib/core/access/rota-source'
import { calendarOf, startRotaServer } from '#testing/rota-server'
import { RotaUnavailable } from './get.ts'
import { readRota } from './read-rota.ts'

const server = await startRotaServer()
afterAll(server.stop)
const [from, until] = [new Date(Date.now() - 3_600_000), new Date(Date.now() + 3_600_000)]
const read = (source: RotaSource) => readRota(source, 'UTC', { from, until }, [])

test('a link-local or metadata address is never called, and neither is one that a redirect leads to', async () => {
  await expect(read({ calendar: { url: 'https://169.254.169.254/oncall.ics' } })).rejects.toThrow('metadata address')
  server.answer('redirect')
  await expect(read({ calendar: { url: `${server.url}/oncall.ics` } })).rejects.toThrow('responded 302')
  expect(server.calls.map(({ path }) => path)).toEqual(['/oncall.ics'])
  server.answer(undefined)
})

test('an address with a secret comes from the environment, and no message contains it', async () => {
  const secret = 'private-6f1c0a'
  process.env.POSTERN_ROTA_CALENDAR = `${server.url}/${secret}/oncall.ics`
  const failure = await read({ calendar: { urlVariable: 'POSTERN_ROTA_CALENDAR' } }).catch(
    (error: Error) => error.message,
  )
  expect(failure).toMatch(/knows no such schedule$/)
  expect(failure).not.toContain(secret)
  process.env.POSTERN_ROTA_CALENDAR = 'http://calendar.example.com/oncall.ics'
  await expect(read({ calendar: { urlVariable: 'POSTERN_ROTA_CALENDAR' } })).rejects.toThrow('must use https')
  await expect(read({ calendar: { urlVariable: 'POSTERN_ROTA_NONE' } })).rejects.toThrow('is not set')
  await expect(read({ calendar: { urlVariable: 'DATABASE_URL' } }), 'no other variable is read').rejects.toThrow(
    'is not set',
  )
})

test('no calendar blocks this process, however long its library would take', { timeout: 120_000 }, async () => {
  const event = (line: string) =>
    `BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTART:20260101T080000Z\r\n${line}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n`
  const hostile = [
    event('RRULE:FREQ=DAILY;INTERVAL=99999999999'),
    event('DURATION:P99999999999W'),
    event('RRULE:FREQ=DAILY\r\n'.repeat(20_000)),
  ]
  const [thread, process_] = [process.threadCpuUsage(), process.cpuUsage()]
  const failures = await Promise.all(
    hostile.map(async (text, index) => {
      const file = join(tmpdir(), `postern-hostile-${process.pid}-${index}.ics`)
      await writeFile(file, text)
      return read({ calendar: { file } }).catch((error: Error) => error)
    }),
  )
  for (const failure of failures) {
    expect(failure).toBeInstanceOf(RotaUnavailable)
    expect(failure).toMatchObject({ message: expect.stringMatching(/can't be used: the (work|thread) /) })
  }
  // The work is that of other threads, however fast the machine is.
  const [own, all] = [process.threadCpuUsage(thread), process.cpuUsage(process_)]
  expect((own.user + own.system) / (all.user + all.system)).toBeLessThan(0.2)
})

test('a calendar may be a file, which is not read without limit', async () => {
  const file = join(tmpdir(), `postern-oncall-${process.pid}.ics`)
  await writeFile(file, calendarOf([{ email: 'ada@example.com', from, until }]))
  expect(await read({ calendar: { file } })).toMatchObject([{ person: 'ada@example.com' }])
  await expect(read({ calendar: { file: '/nonexistent/oncall.ics' } })).rejects.toThrow('(ENOENT)')
  await expect(read({ calendar: { file: '/dev/zero' } })).rejects.toThrow('larger than 1 MB')
})
