import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { type Ending, endProcess, isRunning, type ProcessIdentity } from './process-identity.ts'

/** One program of a run and how to end it. */
export type RecordedPart = ProcessIdentity & Ending & { name: string }

/**
 * The record that a run keeps on disk, so that a later run can end the parts of a killed one. `owner` is the process that
 * supervises the run; `remove` lists directories to remove at its end.
 */
export type RunRecord = { name: string; owner: ProcessIdentity; parts: RecordedPart[]; remove: string[] }

/** Writes the record atomically. */
export function writeRecord(file: string, record: RunRecord) {
  writeFileSync(`${file}.new`, JSON.stringify(record, null, 2), { mode: 0o600 })
  renameSync(`${file}.new`, file)
}

function readRecord(file: string): RunRecord | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as RunRecord
  } catch {
    return undefined
  }
}

/** Ends every part of a record, the most recent first, then removes the run's directories and the record itself. */
export async function endRecordedRun(file: string, record: RunRecord) {
  for (const part of [...record.parts].reverse()) await endProcess(part, part)
  for (const directory of record.remove) {
    if (!/^postern-/.test(basename(directory))) throw new Error(`will not remove ${directory}: not a run's directory`)
    rmSync(directory, { recursive: true, force: true, maxRetries: 5 })
  }
  rmSync(file, { force: true })
}

/**
 * Ends the parts of killed runs: of every record in `directory` whose owner no longer runs. Finds programs by their
 * recorded pid and start time, never by name. Returns a message for each run that it cleaned up.
 */
export async function endStaleRuns(directory: string): Promise<string[]> {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const messages: string[] = []
  for (const entry of readdirSync(directory).filter((name) => name.endsWith('.json'))) {
    const file = join(directory, entry)
    const record = readRecord(file)
    if (!record || isRunning(record.owner)) continue
    const left = record.parts.filter(isRunning).map((part) => `${part.name} (pid ${part.pid})`)
    await endRecordedRun(file, record)
    messages.push(`cleaned up after an earlier ${record.name}: ${left.join(', ') || 'files only'}`)
  }
  return messages
}

/** The record of a run with this name whose owner still runs. */
export function findLiveRun(directory: string, name: string): RunRecord | undefined {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  return readdirSync(directory)
    .filter((entry) => entry.endsWith('.json'))
    .map((entry) => readRecord(join(directory, entry)))
    .find((record) => record?.name === name && isRunning(record.owner))
}
