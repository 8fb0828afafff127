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

/** JSON in ASCII only, which is safe in a terminal or a log whatever the values are. */
export const asciiJson = (value: unknown): string =>
  `${JSON.stringify(value, null, 2).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )}\n`
