// Runs the command in tests, in this process or as a process of its own.
import { spawn } from 'node:child_process'
import { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { runPostern } from './postern.ts'
import type { Terminal } from './terminal.ts'

export type Ran = { code: number | null; out: string; err: string }

/** @param input the text of standard input */
export async function run(args: readonly string[], input = '', env: Terminal['env'] = {}): Promise<Ran> {
  const written = { out: '', err: '' }
  const into = (name: 'out' | 'err') =>
    new Writable({
      write(chunk, _encoding, done) {
        written[name] += chunk
        done()
      },
    })
  const stdin = Readable.from(input ? [Buffer.from(input)] : [])
  const terminal: Terminal = { stdin, stdout: into('out'), stderr: into('err'), env }
  await runPostern(args, terminal)
  return { code: Number(terminal.exitCode ?? 0), ...written }
}

/** Runs the command as a process, in its own folder and environment. */
export function spawnPostern(
  args: readonly string[],
  { cwd, input = '', env = {} }: { cwd?: string; input?: string; env?: Record<string, string> } = {},
): Promise<Ran> {
  const command = fileURLToPath(new URL('./postern.mjs', import.meta.url))
  const child = spawn(process.execPath, [command, ...args], { cwd, env: { ...process.env, FORCE_COLOR: '', ...env } })
  const ran: Ran = { code: null, out: '', err: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    ran.out += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    ran.err += text
  })
  child.stdin.end(input)
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => resolve({ ...ran, code }))
  })
}
