// The results of commands: as a table for people, as JSON or YAML for programs, or only the names.
import { Option } from 'commander'
import { visible } from '#lib/core/access/visible-text'
import { columnsOf, toColumns } from './screen/columns.ts'
import { asciiJson, type Paint, painter, type Terminal } from './terminal.ts'

const formats = ['table', 'json', 'yaml', 'name'] as const
export type OutputFormat = (typeof formats)[number]

export const outputOption = () => new Option('-o, --output <format>', 'output format').choices(formats).default('table')

type Result = {
  /** For programs, as the API returned it. */
  data: unknown
  /** The ids or names alone. */
  names: readonly string[]
  /** For people. Every text from the server has gone through `line` or `lines`. */
  text: (paint: Paint) => string
}

/** In columns of a terminal. */
const maxCell = 60
const maxText = 10_000

const cut = (text: string) => (text.length > maxText ? `${text.slice(0, maxText)}…` : text)

/** Text from a server on one line: nothing in it can control the terminal. */
export const line = (text: string, max = Number.POSITIVE_INFINITY): string => {
  const shown = visible(cut(text))
  return shown.length > max ? `${shown.slice(0, max - 1)}…` : shown
}

/** The same for a sentence, which may be broken into lines by its author. */
export const sentenceLine = (text: string, max?: number): string => {
  const parts = text.split('\n').map((part) => part.trim())
  return line(parts.filter(Boolean).join(' '), max)
}

/** The same, with its line ends. */
export const lines = (text: string): string => cut(text).split('\n').map(visible).join('\n')

type Field = readonly [name: string, value: string | readonly string[] | null | undefined]

/** Of a list, each further line of an entry has a mark, so that what someone wrote can't look like another entry. */
const valueText = (value: NonNullable<Field[1]>): string =>
  typeof value === 'string' ? lines(value) : value.map((entry) => lines(entry).replaceAll('\n', '\n> ')).join('\n')

/** Columns as kubectl prints them. The cells may be any text. */
export function tableOf(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = [heads, ...rows.map((row) => row.map((cell) => line(cell)))]
  const widths = heads.map((_, column) =>
    Math.min(maxCell, Math.max(...cells.map((row) => columnsOf(row[column] ?? '')))),
  )
  return cells
    .map(
      (row) =>
        `${row
          .map((cell, column) => toColumns(cell, widths[column] ?? 0))
          .join('   ')
          .trimEnd()}\n`,
    )
    .join('')
}

/** A list of fields, such as `Status: active`. Fields without a value are left out. */
export function fieldsOf(fields: readonly Field[]): string {
  const shown = fields
    .flatMap(([name, value]) => (value ? [[name, valueText(value)] as const] : []))
    .filter(([, text]) => text)
  const width = Math.max(...shown.map(([name]) => name.length)) + 2
  return shown
    .map(([name, text]) => `${`${name}:`.padEnd(width)}${text.replaceAll('\n', `\n${' '.repeat(width)}`)}\n`)
    .join('')
}

/** YAML in ASCII only, which is safe in a terminal or a log whatever the values are. */
async function asciiYaml(value: unknown): Promise<string> {
  const { Document, visit } = await import('yaml')
  const document = new Document(value, { aliasDuplicateObjects: false })
  visit(document, {
    Scalar(_, node) {
      if (typeof node.value === 'string' && /[^\x20-\x7e]/.test(node.value)) node.type = 'QUOTE_DOUBLE'
    },
  })
  return document
    .toString({ lineWidth: 0 })
    .replace(/[^\n\x20-\x7e]/gu, (character) => `\\U${(character.codePointAt(0) ?? 0).toString(16).padStart(8, '0')}`)
}

/** Prints a result in the format that was asked for. */
export async function print({ stdout, env }: Terminal, format: OutputFormat, result: Result): Promise<void> {
  if (format === 'json') stdout.write(asciiJson(result.data))
  else if (format === 'yaml') stdout.write(await asciiYaml(result.data))
  else if (format === 'name') stdout.write(result.names.map((name) => `${line(name)}\n`).join(''))
  else stdout.write(result.text(painter(stdout, env)))
}

/** Tells the person something beside the result. It goes to the error output, so that programs don't read it. */
export const note = ({ stderr }: Terminal, text: string): boolean => stderr.write(`${lines(text)}\n`)
