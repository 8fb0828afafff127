import { createInterface } from 'node:readline'
import { endRecordedRun, type RunRecord } from './run-record.ts'

// Waits beside a run until the run's process has ended, for whatever reason (SIGKILL included, which no process can
// handle). Then the pipe on standard input closes, and the shepherd ends the parts that the run did not end itself.
// Each line on the pipe is the run's latest record; an empty line means that the run has ended normally.
const file = process.argv[2]
let latest: RunRecord | undefined
for await (const line of createInterface({ input: process.stdin })) {
  latest = line ? (JSON.parse(line) as RunRecord) : undefined
}
if (file && latest) await endRecordedRun(file, latest)
