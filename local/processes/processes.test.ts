import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, describe, expect, test } from 'vitest'
import { identify, isRunning } from './process-identity.ts'
import { openRun, type Run, waitUntil } from './processes.ts'

const runs: Run[] = []
afterEach(async () => {
  for (const run of runs.splice(0)) await run.stop()
})

async function openTestRun(): Promise<Run> {
  const run = await openRun({ name: 'processes-test' })
  runs.push(run)
  return run
}

const sleeper = (name: string) => ({ name, command: 'sleep', args: ['300'], ready: async () => true })

describe('openRun', () => {
  test('a run that stops ends its parts and removes its directory', async () => {
    const run = await openTestRun()
    const part = identify((await run.start(sleeper('one'))).pid)
    expect(isRunning(part)).toBe(true)
    await run.stop()
    expect(isRunning(part)).toBe(false)
    expect(existsSync(run.directory)).toBe(false)
  })

  test('a part that ignores its ending signal is killed', async () => {
    const run = await openTestRun()
    const ready = join(run.directory, 'ready')
    const script = `trap '' TERM; touch ${ready}; while true; do sleep 0.1; done`
    const spec = { name: 'deaf', command: 'sh', args: ['-c', script], ready: async () => existsSync(ready) }
    const part = identify((await run.start({ ...spec, ending: { signal: 'SIGTERM', graceMs: 200 } })).pid)
    await run.stop()
    expect(isRunning(part)).toBe(false)
  })

  test('a crash of one part ends all parts, and the error includes the last lines of its log', async () => {
    const run = await openTestRun()
    const other = identify((await run.start(sleeper('other'))).pid)
    const go = join(run.directory, 'go')
    const script = `until [ -e ${go} ]; do sleep 0.05; done; echo the disk is full; exit 3`
    await run.start({ name: 'weak', command: 'sh', args: ['-c', script], ready: async () => true })
    writeFileSync(go, '')
    const failure = await run.failed
    expect(failure.message).toMatch(/weak ended with code 3/)
    expect(failure.message).toMatch(/the disk is full/)
    expect(isRunning(other)).toBe(false)
  })

  test('a part that ends before it is ready fails with its log, without waiting for the deadline', async () => {
    const run = await openTestRun()
    const go = join(run.directory, 'go')
    const script = `until [ -e ${go} ]; do sleep 0.05; done; echo no such flag; exit 2`
    const ready = async () => {
      writeFileSync(go, '')
      return false
    }
    const spec = { name: 'broken', command: 'sh', args: ['-c', script], ready, readyWithin: 600_000 }
    await expect(run.start(spec)).rejects.toThrow(/broken ended with code 2[\s\S]*no such flag/)
    await expect(run.start({ ...spec, command: '/no/such/program' })).rejects.toThrow(/cannot start broken: .*ENOENT/)
  })

  test('a part that is not ready in time is ended, and the error includes the reason', async () => {
    const run = await openTestRun()
    const ready = async () => {
      throw new Error('connection refused')
    }
    await expect(run.start({ ...sleeper('slow'), ready, readyWithin: 200 })).rejects.toThrow(
      /slow to be ready.*not within 0.2 s \(connection refused\)/,
    )
  })

  test('a run whose process is killed with SIGKILL leaves no parts and no directory', async () => {
    const script = `
      import { openRun } from ${JSON.stringify(join(import.meta.dirname, 'processes.ts'))}
      const run = await openRun({ name: 'processes-test' })
      const part = await run.start({ name: 'one', command: 'sleep', args: ['300'], ready: async () => true })
      console.log(JSON.stringify({ pid: part.pid, directory: run.directory }))
      setInterval(() => {}, 1000)`
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [line] = await once(createInterface({ input: child.stdout }), 'line')
    const { pid, directory } = JSON.parse(line)
    const part = identify(pid)
    child.kill('SIGKILL')
    await waitUntil('the part to be ended', 10_000, async () => !isRunning(part))
    await waitUntil('the directory to be removed', 10_000, async () => !existsSync(directory))
  })
})
