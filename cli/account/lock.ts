import { mkdirSync, rmSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileErrorMessage } from '../file-error.ts'
import { UsageError } from '../usage-error.ts'

/** A process that holds a lock for longer has ended without removing it. */
const staleMs = 30_000
const patienceMs = 20_000

/**
 * Runs `work` while no other `postern` of this person does the same. kubectl starts several plugins at once, and a
 * provider revokes a session whose refresh token is used twice.
 */
export async function withLock<T>(name: string, work: () => Promise<T>): Promise<T> {
  const folder = `${name}.lock`
  const until = Date.now() + patienceMs
  mkdirSync(dirname(folder), { recursive: true, mode: 0o700 })
  for (;;) {
    try {
      mkdirSync(folder)
      break
    } catch (error) {
      // A folder that can't be written to would be tried for ever.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST')
        throw new UsageError(`${folder}: ${fileErrorMessage(error)}`)
      const age = Date.now() - (statSync(folder, { throwIfNoEntry: false })?.mtimeMs ?? Date.now())
      if (age > staleMs || Date.now() > until) rmSync(folder, { recursive: true, force: true })
      else await delay(50)
    }
  }
  try {
    return await work()
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
