import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import type { RotaSource } from '#lib/core/access/rota-source'
import { calendarOf, startRotaServer } from '#testing/rota-server'
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

test('a calendar may be a file, which is not read without limit', async () => {
  const file = join(tmpdir(), `postern-oncall-${process.pid}.ics`)
  await writeFile(file, calendarOf([{ email: 'ada@example.com', from, until }]))
  expect(await read({ calendar: { file } })).toMatchObject([{ person: 'ada@example.com' }])
  await expect(read({ calendar: { file: '/nonexistent/oncall.ics' } })).rejects.toThrow('(ENOENT)')
  await expect(read({ calendar: { file: '/dev/zero' } })).rejects.toThrow('larger than 1 MB')
})
