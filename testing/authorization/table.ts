import { readFileSync } from 'node:fs'
import { answers, type CallerName, type Column, callerNames, states } from './words.ts'

export type AuthorizationTable = {
  title: string
  routes: string[]
  columns: Column[]
  /** By caller, then by column. */
  cells: Record<CallerName, Record<string, string>>
}

const cellsOf = (line: string) =>
  line
    .replace(/^\||\|$/g, '')
    .split('|')
    .map((cell) => cell.trim().replaceAll('`', ''))

function readTable(section: string): AuthorizationTable {
  const [title = '', ...lines] = section.split('\n')
  const routes = lines
    .filter((line) => line.startsWith('- '))
    .map((line) => /^- `([^`]+)`/.exec(line)?.[1] ?? `not a route: ${line}`)
  const [head = '', , ...rows] = lines.filter((line) => line.startsWith('|'))
  const [, ...columns] = cellsOf(head) as Column[]
  for (const column of columns)
    if (column !== 'any' && !states.includes(column)) throw new Error(`${title}: ${column} is not a state`)
  const cells = Object.fromEntries(
    rows.map((row) => {
      const [caller = '', ...words] = cellsOf(row)
      for (const word of words)
        if (!(answers as readonly string[]).includes(word))
          throw new Error(`${title}: ${caller}: ${word} is not an answer`)
      if (words.length !== columns.length) throw new Error(`${title}: ${caller} has ${words.length} cells`)
      return [caller, Object.fromEntries(columns.map((column, index) => [column, words[index] ?? '']))]
    }),
  ) as AuthorizationTable['cells']
  const missing = callerNames.filter((name) => !cells[name])
  const unknown = Object.keys(cells).filter((name) => !callerNames.some((known) => known === name))
  if (missing.length || unknown.length) throw new Error(`${title}: rows missing: ${missing}; unknown: ${unknown}`)
  return { title, routes, columns, cells }
}

/** The tables of docs/authorization.md. Throws unless each has a row for every caller and no empty cell. */
export function readTables(file: string): AuthorizationTable[] {
  const [, ...sections] = readFileSync(file, 'utf8').split(/^### /m)
  return sections.map(readTable)
}
