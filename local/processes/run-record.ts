import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { type Ending, endProcess, isRunning, type ProcessIdentity } from './process-identity.ts'

/** One program of a run: who it is and how it wants to be ended. */
export type RecordedPart = ProcessIdentity & Ending & { name: string }

/**
 * What a run leaves on disk while it lives, so that a later start can end what a killed run left behind.
 * `owner` is the process that supervises; `remove` are directories that go with the run.
 */
export type RunRecord = { name: string; owner: ProcessIdentity; parts: RecordedPart[]; remove: string[] }

/** Writes the record so that a reader sees the old or the new one, never half of it. */
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

/** Ends every part of a record, the last started first, removes the run's directories and then the record itself. */
export async function endRecordedRun(file: string, record: RunRecord) {
  for (const part of [...record.parts].reverse()) await endProcess(part, part)
  for (const directory of record.remove) {
    if (!/^postern-/.test(basename(directory))) throw new Error(`will not remove ${directory}: not a run's directory`)
    rmSync(directory, { recursive: true, force: true, maxRetries: 5 })
  }
  rmSync(file, { force: true })
}

/**
 * Ends what killed runs left behind: every record in `directory` whose owner is gone. Programs are found by the
 * recorded pid and start time, never by name. Returns a sentence for each run that was cleaned up.
 */
export async function endStaleRuns(directory: string): Promise<string[]> {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const told: string[] = []
  for (const entry of readdirSync(directory).filter((name) => name.endsWith('.json'))) {
    const file = join(directory, entry)
    const record = readRecord(file)
    if (!record || isRunning(record.owner)) continue
    const left = record.parts.filter(isRunning).map((part) => `${part.name} (pid ${part.pid})`)
    await endRecordedRun(file, record)
    told.push(`ended what an earlier ${record.name} left: ${left.join(', ') || 'no programs, only files'}`)
  }
  return told
}

/** The record of a run with this name whose owner still lives. */
export function findLiveRun(directory: string, name: string): RunRecord | undefined {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  return readdirSync(directory)
    .filter((entry) => entry.endsWith('.json'))
    .map((entry) => readRecord(join(directory, entry)))
    .find((record) => record?.name === name && isRunning(record.owner))
}
