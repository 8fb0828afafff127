import { wrap } from './columns.ts'
import type { Size } from './full-screen.ts'

const smallest: Size = { columns: 60, rows: 12 }

/** What a terminal shows that is too small for a screen; null if it is large enough. */
export function tooSmall({ columns, rows }: Size): string[] | null {
  if (columns >= smallest.columns && rows >= smallest.rows) return null
  const text = `This terminal is too small: ${smallest.columns} columns and ${smallest.rows} rows are needed. Ctrl-C quits.`
  return wrap(text, Math.max(columns, 8)).slice(0, rows)
}
