import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'

/**
 * One process that was started here. A pid alone is not an identity, because the system gives it to another program
 * later; together with the moment the process started it is.
 */
export type ProcessIdentity = { pid: number; startedAt: string }

/** How to end a process: first `signal`, and SIGKILL when it is still there after `graceMs` milliseconds. */
export type Ending = { signal: NodeJS.Signals; graceMs: number }

/**
 * When the process with this pid started, as an opaque text that is equal for the same process only;
 * undefined when there is no such process, or only its zombie.
 * Linux: clock ticks since boot (proc(5), field 22 of /proc/pid/stat). Elsewhere: `ps -o lstart=`, to the second.
 */
export function startTimeOf(pid: number): string | undefined {
  if (process.platform === 'linux') {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
      // The second field is the program's name in brackets and may itself hold spaces and brackets.
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19]
    } catch {
      return undefined
    }
  }
  try {
    const answer = execFileSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim()
    return !answer || answer.startsWith('Z') ? undefined : answer.replace(/^\S+\s+/, '')
  } catch {
    return undefined
  }
}

/** The identity of a running process; throws when it is gone already. */
export function identify(pid: number): ProcessIdentity {
  const startedAt = startTimeOf(pid)
  if (!startedAt) throw new Error(`process ${pid} ended before it could be recorded`)
  return { pid, startedAt }
}

/** True while exactly this process runs: same pid and same start. */
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
      // It went by itself between the look and the signal: that is what was wanted.
    }
  }
}

/**
 * Ends a process that leads its own process group, and the group with it. Does nothing when the pid belongs to another
 * process by now. Resolves when the process is gone; true when it had to be killed.
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
