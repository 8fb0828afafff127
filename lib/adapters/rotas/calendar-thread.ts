// The thread that reads a calendar. It reports that it is ready, receives one text, returns its shifts, and is then
// terminated by read-rota.ts.
import { parentPort } from 'node:worker_threads'
import { CalendarError, type CalendarTask, calendarShifts, type ReadCalendar } from './calendar.ts'

function read({ text, zone, from, until }: CalendarTask): ReadCalendar {
  try {
    return { shifts: calendarShifts(text, zone, from, until) }
  } catch (error) {
    return { problem: error instanceof CalendarError ? error.message : 'it is malformed' }
  }
}

parentPort?.postMessage('ready')
parentPort?.once('message', (task: CalendarTask) => parentPort?.postMessage(read(task)))
