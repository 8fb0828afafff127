import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'

/** Identifies one process by pid and start time. The pid alone is not enough, because the system reuses it. */
export type ProcessIdentity = { pid: number; startedAt: string }

/** How to end a process: send `signal`, then SIGKILL if it still runs after `graceMs` milliseconds. */
export type Ending = { signal: NodeJS.Signals; graceMs: number }

/**
 * The start time of the process with this pid, as an opaque text; undefined if there is no such process or it is a
 * zombie. Linux: clock ticks since boot (proc(5), field 22 of /proc/pid/stat). Elsewhere: `ps -o lstart=`, which is
 * accurate to the second.
 */
export function startTimeOf(pid: number): string | undefined {
  if (process.platform === 'linux') {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
      // The second field is the program's name in parentheses and can itself contain spaces and parentheses.
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19]
    } catch {
      return undefined
    }
  }
  try {
    const line = execFileSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim()
    return !line || line.startsWith('Z') ? undefined : line.replace(/^\S+\s+/, '')
  } catch {
    return undefined
  }
}

/** The identity of a running process. Throws if it has already ended. */
export function identify(pid: number): ProcessIdentity {
  const startedAt = startTimeOf(pid)
  if (!startedAt) throw new Error(`process ${pid} ended before it could be recorded`)
  return { pid, startedAt }
}

/** True while this process runs; another process with the same pid does not count. */
export function isRunning(identity: ProcessIdentity): boolean {
  return startTimeOf(identity.pid) === identity.startedAt
}

function signalGroup(pid: number, signal: NodeJS.Signals) {
  try {
    process.kill(-pid, signal)
  } catch {
    try {
      process.kill(pid, signal)
    } catch {
      // It has already ended.
    }
  }
}

/**
 * Ends a process that leads a process group, together with its group. Does nothing if the pid now belongs to another
 * process. Resolves when the process has ended: to true if it had to be killed.
 */
export async function endProcess(identity: ProcessIdentity, ending: Ending): Promise<boolean> {
  if (!isRunning(identity)) return false
  signalGroup(identity.pid, ending.signal)
  const deadline = Date.now() + ending.graceMs
  while (isRunning(identity)) {
    if (Date.now() > deadline) {
      signalGroup(identity.pid, 'SIGKILL')
      while (isRunning(identity)) await delay(10)
      return true
    }
    await delay(10)
  }
  return false
}
