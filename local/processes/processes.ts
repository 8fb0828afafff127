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
  /** Print its output to this terminal instead of a log file. */
  show?: boolean
  /** Default: SIGTERM, then SIGKILL after 10 s. */
  ending?: Ending
  /** Polled until it resolves to true. A rejection means "not yet"; the error at the deadline includes the last one. */
  ready: () => Promise<boolean>
  /** Milliseconds after which a part that is not ready has failed. Default: 60 s. */
  readyWithin?: number
}

/** A program that ends on its own. */
export type TaskSpec = Pick<PartSpec, 'name' | 'command' | 'args' | 'env' | 'cwd' | 'show' | 'ending'>

export type Part = { name: string; pid: number; logFile: string; stop(): Promise<void> }

/** Programs that run together: when one fails, all end. */
export type Run = {
  /** Holds the run's files. The directory of a throwaway run is removed when the run ends. */
  directory: string
  logs: string
  start(spec: PartSpec): Promise<Part>
  /** Resolves to the program's exit code, or to 1 if a signal ended it. The end of the run also ends the program. */
  finish(spec: TaskSpec): Promise<number>
  /** Adds a step to the end of the run, before the parts that were started earlier are ended. */
  onStop(stop: () => Promise<void>): void
  /** Resolves when a part has ended unexpectedly and all other parts have been ended. */
  failed: Promise<Error>
  stop(): Promise<void>
}

/** The last lines of a log file. */
export function lastLines(file: string, count = 15): string {
  const text = readFileSync(file, 'utf8').trimEnd()
  return text.split('\n').slice(-count).join('\n')
}

/**
 * Polls `probe` until it resolves to true. After `withinMs` throws an error with `what` and the last rejection. Returns
 * early, whatever `probe` says, once `givenUp` returns true.
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

const describeEnd = ({ code, signal }: End) => (signal ? `was ended by ${signal}` : `ended with code ${code}`)

/** Starts a program as the leader of a new process group, so that it can be ended together with its children. */
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
 * Opens a run, after ending the parts of killed runs (and reporting them to `say`). Without `directory` the run is a
 * throwaway: its directory is in the temporary folder and is removed at its end, even after a `kill -9` of this process.
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
  const saveRecord = () => {
    writeRecord(recordFile, record)
    shepherd.stdin?.write(`${JSON.stringify(record)}\n`)
  }
  saveRecord()

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
    let isStopping = false
    let hasEnded = false
    const crash = ended.then((end) => {
      hasEnded = true
      if (isStopping || stopping) return new Error(`${spec.name} was ended`)
      return new Error(`${spec.name} ${describeEnd(end)}; the end of ${logFile}:\n${lastLines(logFile)}`)
    })
    const startedAt = startTimeOf(pid)
    if (!startedAt) throw await crash
    const part: RecordedPart = { pid, startedAt, ...ending, name: spec.name }
    record.parts.push(part)
    saveRecord()
    async function stopPart() {
      isStopping = true
      await endProcess(part, ending)
      record.parts = record.parts.filter((other) => other !== part)
      if (!stopping) saveRecord()
    }
    undo.push(stopPart)

    const what = `${spec.name} to be ready (log: ${logFile})`
    const ready = waitUntil(what, spec.readyWithin ?? 60_000, spec.ready, () => hasEnded)
    const early = await Promise.race([ready.catch((error: Error) => error), crash])
    if (early instanceof Error) {
      await stopPart()
      throw early
    }
    void crash.then(async (error) => {
      if (isStopping || stopping) return
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
      saveRecord()
    }
    const { code } = await ended
    record.parts = record.parts.filter((other) => other !== part)
    if (!stopping) saveRecord()
    return code ?? 1
  }

  return { directory, logs, start, finish, onStop: (step) => void undo.push(step), failed, stop }
}

const exitCodes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const

/**
 * Ends the run on Ctrl-C, SIGTERM, a closed terminal and the end of the launcher, then exits with the shell's code for
 * that signal. Ignores further signals meanwhile, because a terminal sends Ctrl-C to several processes at once.
 */
export function stopOnSignals(run: Run, say: (line: string) => void) {
  // Once the terminal is closed every write fails, which must not prevent the end of the parts.
  process.stdout.on('error', () => {})
  process.stderr.on('error', () => {})
  let isExiting = false
  const exit = (reason: string, code: number) => {
    if (isExiting) return
    isExiting = true
    say(`${reason}: ending all parts`)
    void run.stop().then(() => process.exit(code))
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => exit(signal, exitCodes[signal]))
  process.on('disconnect', () => exit('the launcher has ended', exitCodes.SIGHUP))
}
