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

/** An owner that no longer runs: the pid of this process with another start time. */
const goneOwner = () => ({ pid: process.pid, startedAt: '1' })

describe('endStaleRuns', () => {
  test('ends the parts of a killed run, removes its directory and reports it', async () => {
    const left = startSleeper()
    const folder = mkdtempSync(join(tmpdir(), 'postern-'))
    const parts = [{ ...left, ...ending, name: 'etcd' }]
    writeRecord(join(directory, 'a.json'), { name: 'demo', owner: goneOwner(), parts, remove: [folder] })
    expect(await endStaleRuns(directory)).toEqual([`cleaned up after an earlier demo: etcd (pid ${left.pid})`])
    expect(isRunning(left)).toBe(false)
    expect(existsSync(folder)).toBe(false)
    expect(readdirSync(directory)).toEqual([])
  })

  test('never ends another program that has since been given the same pid', async () => {
    const stranger = startSleeper()
    const parts = [{ pid: stranger.pid, startedAt: 'another moment', ...ending, name: 'etcd' }]
    writeRecord(join(directory, 'a.json'), { name: 'demo', owner: goneOwner(), parts, remove: [] })
    expect(await endStaleRuns(directory)).toEqual(['cleaned up after an earlier demo: files only'])
    expect(isRunning(stranger)).toBe(true)
  })

  test('leaves a run alone while its owner runs', async () => {
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

  test('never removes a directory that does not belong to a run', async () => {
    const folder = join(directory, 'precious')
    writeRecord(join(directory, 'a.json'), { name: 'demo', owner: goneOwner(), parts: [], remove: [folder] })
    await expect(endStaleRuns(directory)).rejects.toThrow('not a run')
  })
})
