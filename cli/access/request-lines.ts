// What the screen of a new request shows. It only draws: cli/access/request-screen.ts decides what a key does.
import { line, sentenceLine } from '../output.ts'
import { columnsOf, endOf, toColumns, wrap } from '../screen/columns.ts'
import type { Size } from '../screen/full-screen.ts'
import { tooSmall } from '../screen/too-small.ts'
import { windowOf } from '../screen/window.ts'
import type { Paint } from '../terminal.ts'

/** A list to choose from. All texts may be hostile. */
export type PickerView = {
  title: string
  /** What narrows the list. */
  search: string
  rows: readonly { cells: readonly string[]; isChosen: boolean }[]
  selected: number
  /** What was chosen already, also if the search hides it; null where one row is chosen. */
  chosen: readonly string[] | null
  problem: string
}

export type Field = {
  label: string
  text: string
  /** Shown while the text is empty. */
  hint: string
  problems: readonly string[]
}

export type FormView = {
  title: string
  /** What was chosen before, and what the server finds wrong with it. */
  facts: readonly { label: string; text: string; problems: readonly string[] }[]
  fields: readonly Field[]
  current: number
  /** The answer of a dry run, on lines that fit the terminal. */
  verdict: readonly string[]
  isChecking: boolean
  /** The first line of the verdict that is shown. */
  from: number
  problem: string
  isSubmitting: boolean
  submits: string
}

export type Drawn = {
  lines: string[]
  cursor: { row: number; column: number } | null
  /** How many lines of the verdict fit. */
  fitting: number
}

const labelColumns = 14

const problemLines = (text: string, columns: number, most: number, paint: Paint) =>
  wrap(sentenceLine(text, 600), columns)
    .slice(0, most)
    .map((one) => paint('red', one))

const keysLine = (text: string, columns: number, paint: Paint) => paint('dim', toColumns(text, columns).trimEnd())

/** The columns of each cell in a row: the first one, a name, gets the most. */
const sharesOf = (cells: number, columns: number) => {
  if (cells === 1) return [columns]
  const rest = Math.floor((columns * 0.56) / (cells - 1))
  return [columns - rest * (cells - 1), ...Array.from({ length: cells - 1 }, () => rest)]
}

export function drawPicker(view: PickerView, size: Size, paint: Paint): Drawn {
  const small = tooSmall(size)
  if (small) return { lines: small, cursor: null, fitting: 0 }
  const { columns, rows } = size
  const isSeveral = view.chosen !== null
  const keys = `${isSeveral ? 'Space mark  ' : ''}Enter choose  Up/Down move  type to search  Esc back  Ctrl-C cancel`
  const foot = [...problemLines(view.problem, columns, 3, paint).filter(Boolean), keysLine(keys, columns, paint)]
  const label = 'Search: '
  const search = endOf(line(view.search), columns - label.length - 1)
  const chosen = view.chosen?.length
    ? [toColumns(line(`Chosen: ${view.chosen.join(', ')}`, 600), columns).trimEnd()]
    : []
  const head = [paint('bold', toColumns(line(view.title), columns).trimEnd()), `${label}${search}`, ...chosen]
  const height = rows - head.length - foot.length
  const marked = isSeveral ? 4 : 0
  const list = view.rows.map(({ cells, isChosen }, index) => {
    const shares = sharesOf(cells.length, columns - 2 - marked - (cells.length - 1))
    const text = cells.map((cell, at) => toColumns(line(cell), shares[at] ?? 0)).join(' ')
    const mark = `${index === view.selected ? '> ' : '  '}${isSeveral ? (isChosen ? '[x] ' : '[ ] ') : ''}`
    return index === view.selected ? paint('bold', `${mark}${text}`) : `${mark}${text}`
  })
  const body = list.length === 0 ? ['No results.'] : windowOf(list, view.selected, height)
  const blank = Array.from({ length: Math.max(0, height - body.length) }, () => '')
  const cursor = { row: 1, column: columnsOf(label + search) }
  return { lines: [...head, ...body, ...blank, ...foot], cursor, fitting: 0 }
}

export function drawForm(view: FormView, size: Size, paint: Paint): Drawn {
  const small = tooSmall(size)
  if (small) return { lines: small, cursor: null, fitting: 0 }
  const { columns, rows } = size
  const keys = view.isSubmitting
    ? 'Submitting ...'
    : `Ctrl-S ${view.submits}  Up/Down field  PgUp/PgDn scroll  Esc back  Ctrl-C cancel`
  const foot = [...problemLines(view.problem, columns, 4, paint).filter(Boolean), keysLine(keys, columns, paint)]
  const head = paint('bold', toColumns(line(view.title), columns).trimEnd())
  const room = columns - labelColumns - 1
  const withProblems = (most: number) => {
    let cursor = { row: 0, column: 0 }
    const lines = [head]
    const add = (label: string, text: string, problems: readonly string[]) => {
      lines.push(`${label.padEnd(labelColumns)}${text}`)
      const shown = problems.flatMap((problem) => wrap(`  ! ${sentenceLine(problem, 600)}`, columns))
      lines.push(...shown.slice(0, most).map((one) => paint('red', one)))
    }
    for (const { label, text, problems } of view.facts)
      add(`  ${label}`, toColumns(line(text), room).trimEnd(), problems)
    for (const [index, { label, text, hint, problems }] of view.fields.entries()) {
      const shown = endOf(line(text), room)
      const isCurrent = index === view.current
      if (isCurrent) cursor = { row: lines.length, column: labelColumns + columnsOf(shown) }
      const empty = paint('dim', toColumns(line(hint), room).trimEnd())
      add(`${isCurrent ? '> ' : '  '}${label}`, text === '' ? empty : shown, problems)
    }
    return { lines, cursor }
  }
  // However many problems there are, no field leaves the screen.
  const left = rows - foot.length - 2
  const { lines, cursor } = [3, 1].map(withProblems).find((drawn) => drawn.lines.length <= left) ?? withProblems(0)
  const fitting = Math.max(0, rows - foot.length - lines.length - 1)
  const start = Math.max(0, Math.min(view.from, view.verdict.length - fitting))
  const shown = view.verdict.slice(start, start + fitting)
  const more =
    view.verdict.length > fitting ? `-- lines ${start + 1} to ${start + shown.length} of ${view.verdict.length} ` : ''
  const rule = `${view.isChecking ? '-- Checking ... ' : more}${'-'.repeat(columns)}`.slice(0, columns)
  const painted = shown.map((text, index) => {
    if (start + index > 0) return text
    return paint(text.startsWith('Would be accepted') ? 'green' : 'red', text)
  })
  const blank = Array.from({ length: Math.max(0, fitting - shown.length) }, () => '')
  return { lines: [...lines, paint('dim', rule), ...painted, ...blank, ...foot], cursor, fitting }
}
