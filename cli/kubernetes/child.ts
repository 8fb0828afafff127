import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { CommandFailure, exitCodes } from '../exit-codes.ts'
import type { Terminal } from '../terminal.ts'

export type Ended = { code: number; errors: string }

/** A refusal is at the end. */
const maxErrors = 60_000

/** As a shell does where a program is not found. */
const notFound = 127

/**
 * Runs another program in this terminal. Signals from the keyboard reach it as well, and it decides what they mean.
 * @param isRead keeps what it writes to its error output, which is shown all the same
 */
export function runChild(
  { stderr, env }: Terminal,
  [program = '', ...args]: readonly string[],
  { isRead, variables }: { isRead: boolean; variables?: Record<string, string> },
): Promise<Ended> {
  const child = spawn(program, args, {
    stdio: ['inherit', 'inherit', isRead ? 'pipe' : 'inherit'],
    env: { ...(env as NodeJS.ProcessEnv), ...variables },
  })
  let errors = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr.write(chunk)
    errors = (errors + chunk.toString('utf8')).slice(-maxErrors)
  })
  const ignore = () => {}
  process.on('SIGINT', ignore)
  return new Promise<Ended>((resolve, reject) => {
    child.on('error', (error: NodeJS.ErrnoException) => {
      const isMissing = error.code === 'ENOENT'
      const reason = isMissing ? 'it is not installed, or not on the PATH' : (error.code ?? error.message)
      reject(new CommandFailure(isMissing ? notFound : exitCodes.usage, `Can't run ${program}: ${reason}.`))
    })
    child.on('close', (code, signal) => resolve({ code: code ?? 128 + constants.signals[signal ?? 'SIGTERM'], errors }))
  }).finally(() => process.removeListener('SIGINT', ignore))
}
