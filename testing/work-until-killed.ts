import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { until } from './until.ts'

/** Runs a worker, or only its notifier, in a process of its own, and kills that with SIGKILL once it is time. */
export async function workUntilKilled(
  what: 'worker' | 'notifier',
  isTime: () => Promise<boolean>,
  withinMs?: number,
): Promise<void> {
  const script = join(import.meta.dirname, `${what}-process.ts`)
  const child = spawn(process.execPath, ['--conditions=react-server', script], {
    stdio: 'ignore',
    env: { ...process.env, POSTERN_ROLE: 'worker' },
  })
  const exited = once(child, 'exit')
  try {
    await until('the worker has come this far', isTime, withinMs)
  } finally {
    child.kill('SIGKILL')
    await exited
  }
}
