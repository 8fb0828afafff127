// The whole terminal as a screen, and how it is given back.
import { emitKeypressEvents } from 'node:readline'
import type { ReadStream, WriteStream } from 'node:tty'
import type { Terminal } from '../terminal.ts'

export type Size = { columns: number; rows: number }

/** `name` as Node.js's readline calls it, such as `down`; `text` is what a printable key types, else ''. */
export type Key = { name: string; text: string; isCtrl: boolean; isPasted: boolean }

export type FullScreen = {
  size(): Size
  /** Draws all rows. The lines must fit into the columns. A cursor is shown only where someone types. */
  draw(lines: readonly string[], cursor: { row: number; column: number } | null): void
  /** Gives the terminal back as it was. */
  close(): void
}

type Handlers = {
  /** What is pasted comes as one text, so that it can't press keys. */
  onKey(key: Key): void
  onResize(): void
  /** The terminal is gone. */
  onEnd(): void
  /** What onKey or onResize threw: nothing else would catch it. */
  onError(error: unknown): void
}

// The other screen, without wrapping at its edge, without a cursor, and with marks around pasted text.
const enter = '\x1b[?1049h\x1b[?7l\x1b[?25l\x1b[?2004h'
const leave = '\x1b[?2004l\x1b[?25h\x1b[?7h\x1b[?1049l'

const signals = ['SIGTERM', 'SIGHUP', 'SIGINT', 'SIGQUIT'] as const

const isPrintable = (text: string) => /^\P{C}+$/u.test(text)

/** Takes the terminal, which must be one (`canBeScreen`). However the process ends, except by SIGKILL, the terminal is given back. */
export function openFullScreen(terminal: Terminal, handlers: Handlers): FullScreen {
  const { onEnd, onError } = handlers
  const guarded = <Args extends unknown[]>(work: (...args: Args) => void) => {
    return (...args: Args) => {
      try {
        work(...args)
      } catch (error) {
        onError(error)
      }
    }
  }
  const [onKey, onResize] = [guarded(handlers.onKey), guarded(handlers.onResize)]
  const stdin = terminal.stdin as unknown as ReadStream
  const stdout = terminal.stdout as unknown as WriteStream
  let isOpen = true
  let pasted: string | null = null

  const receive = (text: string | undefined, key: { name?: string; sequence?: string; ctrl?: boolean }) => {
    if (key.name === 'paste-start') pasted = ''
    else if (key.name === 'paste-end') {
      const all = pasted ?? ''
      pasted = null
      onKey({ name: '', text: all, isCtrl: false, isPasted: true })
    } else if (pasted !== null) pasted += text && isPrintable(text) ? text : ' '
    else {
      const typed = text && isPrintable(text) ? text : ''
      onKey({ name: key.name ?? '', text: typed, isCtrl: key.ctrl === true, isPasted: false })
    }
  }

  const close = () => {
    if (!isOpen) return
    isOpen = false
    process.removeListener('exit', close)
    for (const signal of signals) process.removeListener(signal, endBy)
    stdin.removeListener('keypress', receive)
    stdin.removeListener('end', onEnd)
    stdin.removeListener('error', onEnd)
    stdout.removeListener('resize', onResize)
    try {
      stdin.setRawMode(false)
      stdout.write(leave)
    } catch {
      // The terminal is gone.
    }
    stdin.pause()
  }

  /** Ends by the same signal once more, so that the program that waits for this process sees it. */
  function endBy(signal: NodeJS.Signals) {
    close()
    process.kill(process.pid, signal)
  }

  process.once('exit', close)
  for (const signal of signals) process.once(signal, endBy)
  stdin.setRawMode(true)
  emitKeypressEvents(stdin)
  stdin.on('keypress', receive)
  stdin.once('end', onEnd)
  stdin.once('error', onEnd)
  stdin.resume()
  stdout.on('resize', onResize)
  stdout.write(enter)

  // A terminal that does not know its size has none.
  const size = () => ({ columns: stdout.columns || 80, rows: stdout.rows || 24 })
  return {
    size,
    draw(lines, cursor) {
      if (!isOpen) return
      const rows = Array.from({ length: size().rows }, (_, row) => `\x1b[${row + 1};1H\x1b[2K${lines[row] ?? ''}`)
      const at = cursor ? `\x1b[${cursor.row + 1};${cursor.column + 1}H\x1b[?25h` : ''
      stdout.write(`\x1b[?25l${rows.join('')}${at}`)
    },
    close,
  }
}
