import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { identify, isRunning, type ProcessIdentity } from './process-identity.ts'
import { endStaleRuns, findLiveRun, writeRecord } from './run-record.ts'

const ending = { signal: 'SIGTERM', graceMs: 2000 } as const
let directory: string
let started: ProcessIdentity[]

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'postern-test-'))
  started = []
})
afterEach(() => {
  for (const { pid } of started.filter(isRunning)) process.kill(pid, 'SIGKILL')
  rmSync(directory, { recursive: true, force: true })
})

function startSleeper(): ProcessIdentity {
  const child = spawn('sleep', ['300'], { detached: true, stdio: 'ignore' })
  child.unref()
  const identity = identify(child.pid ?? 0)
  started.push(identity)
  return identity
}

/** An owner that runs no more: our own pid, with a start that was not ours. */
const goneOwner = () => ({ pid: process.pid, startedAt: '1' })

describe('what a killed run left behind', () => {
  test('is ended by its recorded id, its folder is removed, and it is told', async () => {
    const left = startSleeper()
    const folder = mkdtempSync(join(tmpdir(), 'postern-'))
    const parts = [{ ...left, ...ending, name: 'etcd' }]
    writeRecord(join(directory, 'a.json'), { name: 'demo', owner: goneOwner(), parts, remove: [folder] })
    expect(await endStaleRuns(directory)).toEqual([`ended what an earlier demo left: etcd (pid ${left.pid})`])
    expect(isRunning(left)).toBe(false)
    expect(existsSync(folder)).toBe(false)
    expect(readdirSync(directory)).toEqual([])
  })

  test('never costs another program its life that got the same pid later', async () => {
    const stranger = startSleeper()
    const parts = [{ pid: stranger.pid, startedAt: 'another moment', ...ending, name: 'etcd' }]
    writeRecord(join(directory, 'a.json'), { name: 'demo', owner: goneOwner(), parts, remove: [] })
    expect(await endStaleRuns(directory)).toEqual(['ended what an earlier demo left: no programs, only files'])
    expect(isRunning(stranger)).toBe(true)
  })

  test('is not touched while its owner lives', async () => {
    const part = startSleeper()
    const owner = identify(process.pid)
    writeRecord(join(directory, 'a.json'), {
      name: 'demo',
      owner,
      parts: [{ ...part, ...ending, name: 'etcd' }],
      remove: [],
    })
    expect(await endStaleRuns(directory)).toEqual([])
    expect(isRunning(part)).toBe(true)
    expect(findLiveRun(directory, 'demo')?.parts[0]?.pid).toBe(part.pid)
    expect(findLiveRun(directory, 'tests')).toBeUndefined()
  })

  test('never costs a folder that is not a run’s own', async () => {
    const folder = join(directory, 'precious')
    writeRecord(join(directory, 'a.json'), { name: 'demo', owner: goneOwner(), parts: [], remove: [folder] })
    await expect(endStaleRuns(directory)).rejects.toThrow('not a run')
  })
})
