// How anything is said in a terminal: colours where there is one, and nobody else's control characters.
import { styleText } from 'node:util'
import type { Severity } from '#lib/core/access/severity'

/** What a command talks to; `process` is one. The exit code is what the command leaves there. */
export type Terminal = {
  stdin: AsyncIterable<Buffer>
  stdout: NodeJS.WritableStream
  stderr: NodeJS.WritableStream
  exitCode?: number | string | null | undefined
}

export type Paint = (style: 'bold' | 'red' | 'yellow' | 'green' | 'dim', text: string) => string

/** Colours where this stream shows them; NO_COLOR and FORCE_COLOR are heard. */
export const painter =
  (stream: NodeJS.WritableStream): Paint =>
  (style, text) =>
    styleText(style, text, { stream })

export const plain: Paint = (_, text) => text

export const severityStyle: Record<Severity, 'red' | 'yellow' | 'dim'> = { high: 'red', medium: 'yellow', low: 'dim' }

export const plural = (count: number, one: string, many = `${one}s`) => `${count} ${count === 1 ? one : many}`

/** JSON in ASCII only: safe in a terminal and a log, whatever it holds. */
export const asciiJson = (value: unknown): string =>
  `${JSON.stringify(value, null, 2).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )}\n`
