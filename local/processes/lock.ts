import { closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { identify, isRunning, type ProcessIdentity } from './process-identity.ts'

function tryToLock(file: string): boolean {
  try {
    const handle = openSync(file, 'wx', 0o600)
    writeSync(handle, JSON.stringify(identify(process.pid)))
    closeSync(handle)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

function readHolder(file: string): ProcessIdentity | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as ProcessIdentity
  } catch {
    // The file was removed meanwhile, or is not completely written yet: the caller tries again.
    return undefined
  }
}

/**
 * Runs `work` while no other process on this machine runs work with the same lock file. Takes over the lock of a
 * process that no longer runs.
 */
export async function whileHoldingLock<T>(
  file: string,
  say: (line: string) => void,
  work: () => Promise<T>,
): Promise<T> {
  let hasReported = false
  let unreadable = 0
  while (!tryToLock(file)) {
    const holder = readHolder(file)
    unreadable = holder ? 0 : unreadable + 1
    if ((holder && !isRunning(holder)) || unreadable > 50) {
      rmSync(file, { force: true })
      continue
    }
    if (holder && !hasReported) say(`waiting for process ${holder.pid}, which is doing the same`)
    hasReported ||= holder !== undefined
    await delay(200)
  }
  try {
    return await work()
  } finally {
    rmSync(file, { force: true })
  }
}
