// Where the command keeps what it has to remember, and how it writes there.
import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileErrorMessage } from '../file-error.ts'
import { programName } from '../program-name.ts'
import type { Terminal } from '../terminal.ts'
import { UsageError } from '../usage-error.ts'

type Env = Terminal['env']

/** Contexts and tokens. */
export const configFolder = (env: Env): string =>
  env.POSTERN_HOME || join(env.XDG_CONFIG_HOME || join(homeOf(env), '.config'), 'postern')

/** Short-lived credentials of clusters: in memory where the system has a folder for that. */
export function cacheFolder(env: Env): string {
  if (env.POSTERN_HOME) return join(env.POSTERN_HOME, 'cache')
  return join(env.XDG_RUNTIME_DIR || env.XDG_CACHE_HOME || join(homeOf(env), '.cache'), 'postern')
}

const homeOf = (env: Env): string => env.HOME || homedir()

/** Only the owner may read it. The file has either its old or its new text, whenever the command ends. */
export function writePrivately(file: string, text: string): void {
  const half = `${file}.${randomBytes(6).toString('hex')}`
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
    writeFileSync(half, text, { mode: 0o600, flag: 'wx' })
    renameSync(half, file)
  } catch (error) {
    rmSync(half, { force: true })
    throw new UsageError(`${file}: ${fileErrorMessage(error)}`)
  }
}

/** The parsed JSON of a file that this command wrote; undefined if there is none, or if others could have read or written it. */
export function readPrivately(file: string): unknown {
  try {
    const { mode, uid } = statSync(file)
    const isOwn = process.getuid === undefined || uid === process.getuid()
    if (!isOwn || (process.platform !== 'win32' && (mode & 0o077) !== 0))
      throw new UsageError(`${file} is accessible to others. Delete it, and run ${programName} login again.`)
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    if (error instanceof UsageError) throw error
    return undefined
  }
}
