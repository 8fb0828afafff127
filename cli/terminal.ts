// Output in a terminal.
import { styleText } from 'node:util'
import type { Severity } from '#lib/core/access/severity'

/** The streams of a command, such as those of `process`. The command sets the exit code. */
export type Terminal = {
  stdin: AsyncIterable<Buffer>
  stdout: NodeJS.WritableStream
  stderr: NodeJS.WritableStream
  env: Record<string, string | undefined>
  exitCode?: number | string | null | undefined
}

export type Paint = (style: 'bold' | 'red' | 'yellow' | 'green' | 'dim', text: string) => string

export const plain: Paint = (_, text) => text

const isTerminal = (stream: object): boolean => 'isTTY' in stream && stream.isTTY === true

/** Can a person answer a question here? */
export const isInteractive = ({ stdin, stderr }: Terminal): boolean => isTerminal(stdin) && isTerminal(stderr)

/** Shows progress and asks questions there, so that it must be a terminal. Output of a command goes to `stdout`. */
export const showsProgress = ({ stderr, env }: Terminal): boolean => isTerminal(stderr) && env.TERM !== 'dumb'

/** Can it be a screen with keys? */
export const canBeScreen = ({ stdin, stdout, env }: Terminal): boolean =>
  isTerminal(stdin) && isTerminal(stdout) && env.TERM !== 'dumb'

/** Uses colours on a terminal only. Respects NO_COLOR (https://no-color.org) and FORCE_COLOR. */
export function painter(stream: NodeJS.WritableStream, { NO_COLOR, FORCE_COLOR, TERM }: Terminal['env']): Paint {
  const isForced = Boolean(FORCE_COLOR) && FORCE_COLOR !== '0'
  const isOff = Boolean(NO_COLOR) || FORCE_COLOR === '0' || TERM === 'dumb' || !isTerminal(stream)
  return isForced || !isOff ? (style, text) => styleText(style, text, { validateStream: false }) : plain
}

export const severityStyle: Record<Severity, 'red' | 'yellow' | 'dim'> = { high: 'red', medium: 'yellow', low: 'dim' }

export const plural = (count: number, one: string, many = `${one}s`) => `${count} ${count === 1 ? one : many}`

const ascii = (text: string): string =>
  text.replace(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)

/** JSON in ASCII only, which is safe in a terminal or a log whatever the values are. */
export const asciiJson = (value: unknown): string => `${ascii(JSON.stringify(value, null, 2))}\n`

const holdsIterator = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  (value instanceof Iterator || Object.values(value).some((inner) => holdsIterator(inner)))

/** The text of `asciiJson` in pieces, where each iterator is a list, so that a long report is never in memory as a whole. */
export function* asciiJsonPieces(value: unknown): Generator<string> {
  yield* jsonPieces(value, '')
  yield '\n'
}

function* jsonPieces(value: unknown, indent: string): Generator<string> {
  const inner = `${indent}  `
  if (!holdsIterator(value)) {
    yield ascii(JSON.stringify(value, null, 2)).replaceAll('\n', `\n${indent}`)
    return
  }
  const isList = value instanceof Iterator || Array.isArray(value)
  const entries = isList
    ? value.map((item: unknown) => ({ key: '', item }))
    : Object.entries(value as object).map(([key, item]) => ({ key: `${ascii(JSON.stringify(key))}: `, item }))
  let isEmpty = true
  yield isList ? '[' : '{'
  for (const { key, item } of entries) {
    yield `${isEmpty ? '' : ','}\n${inner}${key}`
    yield* jsonPieces(item, inner)
    isEmpty = false
  }
  yield `${isEmpty ? '' : `\n${indent}`}${isList ? ']' : '}'}`
}
