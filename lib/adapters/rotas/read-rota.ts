import { open } from 'node:fs/promises'
import { Worker } from 'node:worker_threads'
import { inThread, ThreadFailed, threadLimits } from '#lib/adapters/in-thread'
import type { Exceptions } from '#lib/adapters/outbound'
import {
  type ClaimedShift,
  type RotaSource,
  type Shift,
  usableShifts,
  whyNotReadable,
} from '#lib/core/access/rota-source'
import { rotaSecret } from '#lib/env'
import type { CalendarTask, ReadCalendar } from './calendar.ts'
import { get, RotaUnavailable } from './get.ts'
import { type Period, scheduleReader } from './schedules.ts'

/** Bytes of a calendar file. */
const maxFile = 1024 * 1024

async function readText(file: string): Promise<string> {
  try {
    const handle = await open(file)
    try {
      const buffer = Buffer.alloc(maxFile + 1)
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0)
      if (bytesRead > maxFile) throw new RotaUnavailable('the calendar file is larger than 1 MB')
      return buffer.toString('utf8', 0, bytesRead)
    } finally {
      await handle.close()
    }
  } catch (error) {
    if (error instanceof RotaUnavailable) throw error
    throw new RotaUnavailable(
      `the calendar file can't be read (${(error as NodeJS.ErrnoException).code ?? 'unknown error'})`,
    )
  }
}

function secretOf(variable: string): string {
  const secret = rotaSecret(variable)
  if (!secret) throw new RotaUnavailable(`${variable} is not set in the environment of the worker`)
  return secret
}

async function calendarText({ url, urlVariable, file }: NonNullable<RotaSource['calendar']>, exceptions: Exceptions) {
  if (file !== undefined) return readText(file)
  const address = url ?? secretOf(urlVariable ?? '')
  const why = whyNotReadable(address)
  if (why) throw new RotaUnavailable(`the URL in ${urlVariable ?? 'url'} ${why}`)
  return get(address, { accept: 'text/calendar, text/plain;q=0.5' }, exceptions)
}

/** Milliseconds. A calendar of thousands of events takes a fraction of this. */
const calendarDeadline = 10_000

/** NB: in a thread, because a line of a calendar can keep the library busy for ever, and this process ends access. */
async function readCalendar(task: CalendarTask): Promise<ReadCalendar> {
  const thread = new Worker(new URL('./calendar-thread.ts', import.meta.url), { resourceLimits: threadLimits, env: {} })
  try {
    return await inThread<ReadCalendar>(thread, task, calendarDeadline)
  } catch (error) {
    if (!(error instanceof ThreadFailed)) throw error
    return { problem: error.message }
  }
}

async function claimedShifts(
  source: RotaSource,
  zone: string,
  period: Period,
  exceptions: Exceptions,
): Promise<ClaimedShift[]> {
  const schedule = scheduleReader(source)
  if (schedule) return schedule.read(period, secretOf(schedule.tokenVariable), exceptions)
  if (!source.calendar) throw new RotaUnavailable('the rota has no source')
  const text = await calendarText(source.calendar, exceptions)
  const read = await readCalendar({ text, zone, ...period })
  if ('problem' in read) throw new RotaUnavailable(`the calendar can't be used: ${read.problem}`)
  return read.shifts
}

/**
 * Reads who is on call in this period.
 * @throws RotaUnavailable with a sentence for people, without any secret
 */
export async function readRota(
  source: RotaSource,
  zone: string,
  period: Period,
  exceptions: Exceptions,
): Promise<Shift[]> {
  const claimed = await claimedShifts(source, zone, period, exceptions)
  const shifts = usableShifts(claimed)
  if (claimed.length > 0 && shifts.length === 0)
    throw new RotaUnavailable('the rota names no one by an e-mail address that can be used')
  return shifts
}
