// What the screen of the inbox shows. It only draws: cli/access/inbox-screen.ts decides what a key does.

import type { RequestInFull, RequestState } from '#lib/api-client/shapes'
import { line } from '../output.ts'
import { columnsOf, endOf, toColumns, wrap } from '../screen/columns.ts'
import type { Size } from '../screen/full-screen.ts'
import { tooSmall } from '../screen/too-small.ts'
import { windowOf } from '../screen/window.ts'
import { type Paint, plain, plural, severityStyle } from '../terminal.ts'
import { requestText } from './show-text.ts'
import { durationText, severityOf, timeLeft } from './words.ts'

export type Prompt = { label: string; text: string }

export type InboxView = {
  server: string
  /** Those that match the search, in the order of the inbox. */
  items: readonly RequestState[]
  /** Of all that wait. */
  count: number
  /** The words of the search. */
  search: string
  selected: RequestState | undefined
  /** The selected or open request in full, and its lines; undefined until it has been read. */
  request: RequestInFull | undefined
  requestLines: readonly string[]
  /** `request`: the request alone, on the whole screen. */
  page: 'list' | 'request' | 'help'
  /** The first line of the request that is shown. */
  from: number
  prompt: Prompt | null
  message: { text: string; isProblem: boolean } | null
  isWorking: boolean
}

export type Drawn = {
  lines: string[]
  cursor: { row: number; column: number } | null
  /** How many lines of the request fit, and the number of the last one that is shown. */
  fitting: number
  end: number
}

const help = [
  ['j, k, arrows', 'next or previous request; scroll an open one'],
  ['Space, Page Down', 'scroll the request down (b, Page Up: up)'],
  ['Enter', 'open the request on the whole screen'],
  ['Esc', 'go back to the list; end a search'],
  ['a', 'approve, with an optional note'],
  ['d', 'deny, with the reason'],
  ['/', 'search; every word must occur in the request'],
  ['r', 'refresh'],
  ['q, Ctrl-C', 'quit'],
] as const

const helpLines = () => [
  ...help.map(([keys, what]) => `  ${keys.padEnd(18)}${what}`),
  '',
  '  A decision binds to the terms that were on this screen. You can decide when you have',
  '  seen all of them. Postern refuses the decision if the terms have changed since.',
]

/** Of a list row, the columns that have a fixed width: the mark, severity, requester, duration and the time left. */
const [severityColumns, requesterColumns, durationColumns, leftColumns] = [6, 16, 10, 11]

function row(item: RequestState, isSelected: boolean, columns: number, paint: Paint): string {
  const severity = severityOf(item.risk)
  const fixed = 2 + severityColumns + requesterColumns + durationColumns + leftColumns + 5
  const left = Math.max(0, columns - fixed)
  const titleColumns = Math.floor(left * 0.55)
  const cells = [
    toColumns(line(item.agent === null ? item.requester.name : `agent: ${item.requester.name}`), requesterColumns),
    toColumns(line(item.title), titleColumns),
    toColumns(line(`${item.cluster}: ${item.namespaces.join(', ')}`), left - titleColumns),
    toColumns(durationText(item.duration).replace(' minutes', ' min'), durationColumns),
    toColumns(timeLeft(item.lapsesAt), leftColumns),
  ]
  const text = cells.join(' ')
  const mark = isSelected ? '> ' : '  '
  return `${mark}${paint(severityStyle[severity], toColumns(severity, severityColumns))} ${isSelected ? paint('bold', text) : text}`
}

/** The lines of a request. NB: text from people is indented, so a line that starts with `Risk:` is one of ours. */
export function requestLines(request: RequestInFull, columns: number): string[] {
  return requestText(request, plain)
    .trimEnd()
    .split('\n')
    .flatMap((text) => wrap(text, columns))
}

const painted = (text: string, index: number, request: RequestInFull, paint: Paint): string => {
  if (index === 0) return paint('bold', text)
  return text.startsWith('Risk: ') ? paint(severityStyle[severityOf(request.risk)], text) : text
}

function listHeight(count: number, rows: number): number {
  return Math.max(1, Math.min(count, Math.floor(rows / 3)))
}

function footOf({ prompt, message, isWorking, page, search }: InboxView, columns: number, paint: Paint) {
  if (prompt) {
    const label = `${line(prompt.label)} `
    const labels = wrap(label, columns)
    const last = labels.at(-1) ?? ''
    // Where the question is as wide as the terminal, the answer has a row of its own.
    const beside = columns - columnsOf(last) - 1 >= 12 ? labels.pop() : ''
    const answer = `${beside}${endOf(line(prompt.text), columns - columnsOf(beside ?? '') - 1)}`
    return { lines: [...labels.map((text) => paint('bold', text)), answer], column: columnsOf(answer) }
  }
  const said = message
    ? wrap(line(message.text.replaceAll('\n', ' '), 600), columns)
        .slice(0, 6)
        .map((text) => paint(message.isProblem ? 'red' : 'green', text))
    : []
  const back = page === 'list' ? (search ? 'Esc end search  ' : '') : 'Esc back  '
  const keys = isWorking
    ? 'Working ...'
    : `${back}j/k move  Enter open  a approve  d deny  / search  r refresh  ? help  q quit`
  return { lines: [...said, paint('dim', toColumns(keys, columns).trimEnd())], column: null }
}

/** Draws the screen. */
export function drawInbox(view: InboxView, { columns, rows }: Size, paint: Paint): Drawn {
  const small = tooSmall({ columns, rows })
  if (small) return { lines: small, cursor: null, fitting: 0, end: 0 }
  const { items, count, search, selected, request, requestLines: all, page, from } = view
  const waiting = search
    ? `${items.length} of ${count} match "${line(search, 40)}"`
    : `${plural(count, 'request')} waiting`
  const head = paint('bold', toColumns(`Inbox: ${waiting} at ${view.server}`, columns))
  const foot = footOf(view, columns, paint)
  const left = rows - 1 - foot.lines.length
  const cursor = foot.column === null ? null : { row: rows - 1, column: Math.min(foot.column, columns - 1) }
  const filled = (body: readonly string[]) => [
    ...[head, ...body],
    ...Array.from({ length: Math.max(0, left - body.length) }, () => ''),
    ...foot.lines,
  ]
  if (page === 'help') {
    const body = helpLines().map((text) => toColumns(text, columns).trimEnd())
    return { lines: filled(body.slice(0, left)), cursor, fitting: 0, end: 0 }
  }
  const height = page === 'list' ? listHeight(items.length, rows) : 0
  const list =
    page === 'list'
      ? windowOf(items, selected ? items.indexOf(selected) : 0, height).map((item) =>
          row(item, item === selected, columns, paint),
        )
      : []
  if (page === 'list' && items.length === 0) list.push(search ? 'No results.' : 'No requests wait for you.')
  const fitting = Math.max(1, left - list.length - 1)
  const start = Math.max(0, Math.min(from, all.length - fitting))
  const shown = all.slice(start, start + fitting).map((text, index) => {
    return request ? painted(text, start + index, request, paint) : text
  })
  const end = start + shown.length
  const rule = end < all.length ? `-- lines ${start + 1} to ${end} of ${all.length}, Space for more ` : ''
  const body = [...list, paint('dim', (rule + '-'.repeat(columns)).slice(0, columns)), ...shown]
  if (!request && selected) body.push('Reading the request ...')
  return { lines: filled(body), cursor, fitting, end }
}
