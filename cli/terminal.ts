// Output in a terminal.
import { styleText } from 'node:util'
import type { Severity } from '#lib/core/access/severity'

/** The streams of a command, such as those of `process`. The command sets the exit code. */
export type Terminal = {
  stdin: AsyncIterable<Buffer>
  stdout: NodeJS.WritableStream
  stderr: NodeJS.WritableStream
  exitCode?: number | string | null | undefined
}

export type Paint = (style: 'bold' | 'red' | 'yellow' | 'green' | 'dim', text: string) => string

/** Uses colours if the stream supports them. Respects NO_COLOR and FORCE_COLOR. */
export const painter =
  (stream: NodeJS.WritableStream): Paint =>
  (style, text) =>
    styleText(style, text, { stream })

export const plain: Paint = (_, text) => text

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
