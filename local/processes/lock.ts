import { closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { identify, isRunning, type ProcessIdentity } from './process-identity.ts'

function take(file: string): boolean {
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

function holder(file: string): ProcessIdentity | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as ProcessIdentity
  } catch {
    // Gone meanwhile, or not written to the end yet: look again.
    return undefined
  }
}

/**
 * Runs `work` while no other process on this machine does so with the same lock file. A lock whose holder is gone
 * (same pid and start time no longer running) is taken over.
 */
export async function whileHoldingLock<T>(
  file: string,
  say: (line: string) => void,
  work: () => Promise<T>,
): Promise<T> {
  let told = false
  let unreadable = 0
  while (!take(file)) {
    const other = holder(file)
    unreadable = other ? 0 : unreadable + 1
    if ((other && !isRunning(other)) || unreadable > 50) {
      rmSync(file, { force: true })
      continue
    }
    if (other && !told) say(`waiting for process ${other.pid}, which is at the same work`)
    told ||= other !== undefined
    await delay(200)
  }
  try {
    return await work()
  } finally {
    rmSync(file, { force: true })
  }
}
