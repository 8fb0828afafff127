import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { runsDirectory } from './places.ts'
import { type Ending, endProcess, identify, startTimeOf } from './process-identity.ts'
import { endRecordedRun, endStaleRuns, type RecordedPart, type RunRecord, writeRecord } from './run-record.ts'
import { letDatabaseUserPass } from './system-user.ts'

export type PartSpec = {
  name: string
  command: string
  args: string[]
  env?: NodeJS.ProcessEnv
  cwd?: string
  uid?: number
  gid?: number
  /** Show what it prints here instead of keeping it in a log file. */
  show?: boolean
  /** Default: SIGTERM, then SIGKILL after 10 s. */
  ending?: Ending
  /** Asked again and again until it answers true. May throw: that is "not yet", and the last reason is told at the deadline. */
  ready: () => Promise<boolean>
  /** Milliseconds until a part that is not ready counts as failed. Default 60 s. */
  readyWithin?: number
}

/** A program that is meant to come to its end. */
export type TaskSpec = Pick<PartSpec, 'name' | 'command' | 'args' | 'env' | 'cwd' | 'show' | 'ending'>

export type Part = { name: string; pid: number; logFile: string; stop(): Promise<void> }

/** Some programs that live and die together. */
export type Run = {
  /** Where the run keeps files of its own; a throwaway run's directory goes when the run ends. */
  directory: string
  logs: string
  start(spec: PartSpec): Promise<Part>
  /** Runs a program to its end; resolves to its exit code, or 1 where a signal ended it. Ends with the run, if earlier. */
  finish(spec: TaskSpec): Promise<number>
  /** Something else to do when the run ends, before the parts that were started earlier are ended. */
  onStop(stop: () => Promise<void>): void
  /** Resolves when a part ended although nobody asked it to; by then every other part has been ended too. */
  failed: Promise<Error>
  stop(): Promise<void>
}

/** The last lines of a log file, to be shown to a person. */
export function lastLines(file: string, count = 15): string {
  const text = readFileSync(file, 'utf8').trimEnd()
  return text.split('\n').slice(-count).join('\n')
}

/**
 * Polls `probe` until it is true. Throws after `withinMs`, naming `what` and the last reason; returns early, without
 * having seen it true, when `givenUp` says so.
 */
export async function waitUntil(
  what: string,
  withinMs: number,
  probe: () => Promise<boolean>,
  givenUp: () => boolean = () => false,
) {
  const deadline = Date.now() + withinMs
  let reason = ''
  while (!givenUp()) {
    try {
      if (await probe()) return
      reason = ''
    } catch (error) {
      reason = error instanceof Error ? error.message : String(error)
    }
    if (Date.now() > deadline) throw new Error(`${what}: not within ${withinMs / 1000} s${reason && ` (${reason})`}`)
    await delay(50)
  }
}

function startShepherd(recordFile: string): ChildProcess {
  const shepherd = spawn(process.execPath, [join(import.meta.dirname, 'shepherd.ts'), recordFile], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  shepherd.on('error', () => {})
  shepherd.stdin?.on('error', () => {})
  shepherd.unref()
  return shepherd
}

const usualEnding: Ending = { signal: 'SIGTERM', graceMs: 10_000 }

type End = { code: number | null; signal: NodeJS.Signals | null }

const inWords = ({ code, signal }: End) => (signal ? `ended by ${signal}` : `ended with code ${code}`)

/** Starts a program as the leader of a process group of its own, so that it can be ended with all its children. */
async function launch(spec: Omit<PartSpec, 'ready'>, logFile: string): Promise<{ pid: number; ended: Promise<End> }> {
  const log = openSync(logFile, 'w', 0o600)
  const child = spawn(spec.command, spec.args, {
    cwd: spec.cwd,
    env: spec.env ?? process.env,
    uid: spec.uid,
    gid: spec.gid,
    detached: true,
    stdio: spec.show ? ['ignore', 'inherit', 'inherit'] : ['ignore', log, log],
  })
  closeSync(log)
  const { promise: ended, resolve, reject } = Promise.withResolvers<End>()
  child.once('error', reject)
  child.once('exit', (code, signal) => resolve({ code, signal }))
  if (child.pid !== undefined) return { pid: child.pid, ended }
  const reason = await ended.catch((error: Error) => error.message)
  throw new Error(`cannot start ${spec.name}: ${reason}`)
}

/**
 * Begins a run. Ends first what a killed run left behind (telling `say`). Without `directory` the run is a throwaway:
 * it lives in the temporary folder and is removed at its end, also after a `kill -9` of this process.
 */
export async function openRun(options: {
  name: string
  directory?: string
  say?: (line: string) => void
}): Promise<Run> {
  for (const line of await endStaleRuns(runsDirectory)) options.say?.(line)
  const directory = options.directory ?? mkdtempSync(join(tmpdir(), 'postern-'))
  if (!options.directory) letDatabaseUserPass(directory)
  const logs = join(directory, 'logs')
  mkdirSync(logs, { recursive: true, mode: 0o700 })

  const recordFile = join(runsDirectory, `${options.name}-${randomUUID()}.json`)
  const record: RunRecord = {
    name: options.name,
    owner: identify(process.pid),
    parts: [],
    remove: options.directory ? [] : [directory],
  }
  const shepherd = startShepherd(recordFile)
  const remember = () => {
    writeRecord(recordFile, record)
    shepherd.stdin?.write(`${JSON.stringify(record)}\n`)
  }
  remember()

  const { promise: failed, resolve: fail } = Promise.withResolvers<Error>()
  const undo: Array<() => Promise<void>> = []
  let stopping: Promise<void> | undefined

  async function stopAll() {
    for (const step of undo.reverse()) await step().catch((error) => options.say?.(String(error)))
    await endRecordedRun(recordFile, record)
    shepherd.stdin?.end('\n')
  }
  function stop() {
    stopping ??= stopAll()
    return stopping
  }

  async function start(spec: PartSpec): Promise<Part> {
    if (stopping) throw new Error(`cannot start ${spec.name}: the run is ending`)
    const ending = spec.ending ?? usualEnding
    const logFile = join(logs, `${spec.name}.log`)
    const { pid, ended } = await launch(spec, logFile)
    let asked = false
    let over = false
    const crash = ended.then((how) => {
      over = true
      if (asked || stopping) return new Error(`${spec.name} was ended`)
      return new Error(`${spec.name} ${inWords(how)}; the end of ${logFile}:\n${lastLines(logFile)}`)
    })
    const startedAt = startTimeOf(pid)
    if (!startedAt) throw await crash
    const part: RecordedPart = { pid, startedAt, ...ending, name: spec.name }
    record.parts.push(part)
    remember()
    async function stopPart() {
      asked = true
      await endProcess(part, ending)
      record.parts = record.parts.filter((other) => other !== part)
      if (!stopping) remember()
    }
    undo.push(stopPart)

    const what = `${spec.name} to be ready (log: ${logFile})`
    const ready = waitUntil(what, spec.readyWithin ?? 60_000, spec.ready, () => over)
    const early = await Promise.race([ready.catch((error: Error) => error), crash])
    if (early instanceof Error) {
      await stopPart()
      throw early
    }
    void crash.then(async (error) => {
      if (asked || stopping) return
      await stop()
      fail(error)
    })
    return { name: spec.name, pid, logFile, stop: stopPart }
  }

  async function finish(spec: TaskSpec): Promise<number> {
    if (stopping) throw new Error(`cannot start ${spec.name}: the run is ending`)
    const ending = spec.ending ?? usualEnding
    const { pid, ended } = await launch(spec, join(logs, `${spec.name}.log`))
    const startedAt = startTimeOf(pid)
    const part: RecordedPart | undefined = startedAt ? { pid, startedAt, ...ending, name: spec.name } : undefined
    if (part) {
      record.parts.push(part)
      undo.push(async () => void (await endProcess(part, ending)))
      remember()
    }
    const { code } = await ended
    record.parts = record.parts.filter((other) => other !== part)
    if (!stopping) remember()
    return code ?? 1
  }

  return { directory, logs, start, finish, onStop: (step) => void undo.push(step), failed, stop }
}

const exitCodes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const

/**
 * Ends the run on Ctrl-C, SIGTERM, a closed terminal and the death of the launcher, then leaves the process with the
 * shell's code for that signal. Further signals while it ends are ignored: a terminal sends Ctrl-C to several processes at once.
 */
export function stopOnSignals(run: Run, say: (line: string) => void) {
  // With the terminal gone every write fails; that must not keep the parts alive.
  process.stdout.on('error', () => {})
  process.stderr.on('error', () => {})
  let told = false
  const leave = (why: string, code: number) => {
    if (told) return
    told = true
    say(`${why}: ending all parts`)
    void run.stop().then(() => process.exit(code))
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => leave(signal, exitCodes[signal]))
  process.on('disconnect', () => leave('the launcher is gone', exitCodes.SIGHUP))
}
