import { createInterface } from 'node:readline'
import { endRecordedRun, type RunRecord } from './run-record.ts'

// Stands beside a run and does nothing until the run's process is gone, however it went (also by SIGKILL, which nobody
// can catch): then the pipe on standard input closes, and whatever the run had not ended itself is ended here.
// Each line on the pipe is the run's newest record; an empty line means that the run ended in good order.
const file = process.argv[2]
let latest: RunRecord | undefined
for await (const line of createInterface({ input: process.stdin })) {
  latest = line ? (JSON.parse(line) as RunRecord) : undefined
}
if (file && latest) await endRecordedRun(file, latest)
