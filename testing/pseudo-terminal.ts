// A program on a pseudo-terminal, and the screen that a person would see there.
import { execFileSync, spawn } from 'node:child_process'
import { Terminal } from '@xterm/headless'
import { onTestFinished } from 'vitest'
import { until } from './until.ts'

/** NB: on macOS `script` has other options. */
export const hasPseudoTerminals = process.platform === 'linux'

export type PseudoTerminal = {
  /** Types, as the bytes that keys send. */
  type(keys: string): void
  /** The rows of the screen now, without the spaces at their ends. */
  screen(): Promise<string[]>
  /** Waits until the screen has a text, or is as wanted. Resolves to its rows. */
  shows(wanted: string | RegExp | ((rows: string[]) => boolean)): Promise<string[]>
  resize(columns: number, rows: number): void
  /** Is the program on the other screen, which leaves what was printed before as it was? */
  isFullScreen(): Promise<boolean>
  /** Everything that the program sent to the terminal. */
  sent(): string
  /** Sends a signal to the program. */
  kill(signal: NodeJS.Signals): void
  /** When the program has ended: its exit code as a shell reports it, and the modes of the terminal that it left. */
  ended: Promise<{ code: number; modes: string }>
}

const quoted = (word: string) => `'${word.replaceAll("'", `'\\''`)}'`

/**
 * Starts a program on a terminal of 80 columns and 24 rows. util-linux's `script` makes the pseudo-terminal. When the test is over, the
 * terminal is closed, and SIGHUP ends a program that is still on it.
 */
export async function onTerminal(
  program: string,
  args: readonly string[],
  env: Record<string, string>,
  size = { columns: 80, rows: 24 },
): Promise<PseudoTerminal> {
  const command = [program, ...args].map(quoted).join(' ')
  // The shell around the program tells what it left behind.
  const story = [
    // NB: not ignored, which the program would inherit.
    'trap : INT',
    `stty rows ${size.rows} cols ${size.columns}`,
    'echo "tty=$(tty)"',
    `sh -c 'echo "pid=$$"; exec "$@"' sh ${command}`,
    'code=$?; echo; echo "code=$code"; echo "modes=$(stty -a | grep -owE -- "-?(icanon|echo|isig|icrnl)" | tr "\\n" " ")"',
  ].join('; ')
  const child = spawn('script', ['--quiet', '--flush', '--return', '--command', story, '/dev/null'], {
    env: { PATH: process.env.PATH, SHELL: '/bin/sh', TERM: 'xterm-256color', ...env } as unknown as NodeJS.ProcessEnv,
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const closed = new Promise<void>((resolve) => child.on('close', () => resolve()))
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await closed
  })
  const emulator = new Terminal({ cols: size.columns, rows: size.rows, allowProposedApi: true })
  let sent = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    sent += text
    emulator.write(text)
  })
  child.stdin.on('error', () => {})
  const drawn = () => new Promise<void>((resolve) => emulator.write('', resolve))
  const screen = async () => {
    await drawn()
    const { active } = emulator.buffer
    return Array.from({ length: emulator.rows }, (_, row) => {
      // NB: a line of a terminal that became narrower still has its old columns.
      return (active.getLine(active.baseY + row)?.translateToString(true, 0, emulator.cols) ?? '').trimEnd()
    })
  }
  const reported = (name: string) => new RegExp(`^${name}=(.*?)\r?$`, 'm').exec(sent)?.[1]?.trim()
  await until('the program to start', () => reported('pid') !== undefined)
  const tty = reported('tty') ?? ''
  const ended = new Promise<{ code: number; modes: string }>((resolve, reject) => {
    child.on('error', reject)
    void closed.then(() => {
      const code = reported('code')
      if (code === undefined) reject(new Error(`the terminal ended early: ${sent}`))
      else resolve({ code: Number(code), modes: reported('modes') ?? '' })
    })
  })
  // Not every test waits for the end.
  ended.catch(() => {})
  return {
    type: (keys) => child.stdin.write(keys),
    screen,
    async shows(wanted) {
      const isShown = (rows: string[]) => {
        if (typeof wanted === 'function') return wanted(rows)
        return rows.some((row) => (typeof wanted === 'string' ? row.includes(wanted) : wanted.test(row)))
      }
      let rows: string[] = []
      await until(`${wanted} on the screen`, async () => {
        rows = await screen()
        return isShown(rows)
      }).catch((error: Error) => {
        throw new Error(`${error.message}\n${rows.join('\n')}`)
      })
      return rows
    },
    resize(columns, rows) {
      emulator.resize(columns, rows)
      execFileSync('stty', ['-F', tty, 'rows', String(rows), 'cols', String(columns)])
    },
    async isFullScreen() {
      await drawn()
      return emulator.buffer.active.type === 'alternate'
    },
    sent: () => sent,
    kill: (signal) => process.kill(Number(reported('pid')), signal),
    ended,
  }
}
