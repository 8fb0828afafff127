import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { importTable } from './import-table.ts'

// Compares the table in CONTRIBUTING.md with the import table. It leaves out the rooms that only run locally.

const inCode = (name: string) => `\`${name}\``

const rows = importTable
  .filter(({ isLocal }) => !isLocal)
  .map(({ name, holds, imports }) => `| ${inCode(name)} | ${holds} | ${imports.map(inCode).join(', ') || '–'} |`)

/** The rows of the table under `| Room | Holds | May import |`. */
function shownRows(text: string): string[] {
  const [, after = ''] = text.split(/^\| Room \| Holds \| May import \|\n/m)
  const [, ...shown] = after.split('\n')
  const end = shown.findIndex((line) => !line.startsWith('|'))
  return end < 0 ? shown : shown.slice(0, end)
}

/** The differences between CONTRIBUTING.md and the import table. */
export function contributingProblems(checkout: string): string[] {
  const shown = shownRows(readFileSync(join(checkout, 'CONTRIBUTING.md'), 'utf8'))
  return [
    ...rows
      .filter((row) => !shown.includes(row))
      .map((row) => `CONTRIBUTING.md lacks this row of local/check/import-table.ts: ${row}`),
    ...shown
      .filter((row) => !rows.includes(row))
      .map((row) => `CONTRIBUTING.md has a row that is not in local/check/import-table.ts: ${row}`),
  ]
}
