import { expect, test } from 'vitest'
import { tableOf } from './output.ts'
import { columnsOf } from './screen/columns.ts'

/** The lines of a table, and the column in which the second cell of each begins. */
function printed(...names: string[]) {
  const rows = tableOf(['TEAM', 'ID'], [...names.map((name) => [name, '#'])])
    .trimEnd()
    .split('\n')
  return { rows, columns: rows.map((row, index) => columnsOf(row.slice(0, row.lastIndexOf(index === 0 ? 'ID' : '#')))) }
}

test('the columns of a table are aligned on a terminal, where some characters take two columns or none', () => {
  const { rows, columns } = printed('決済チーム', 're\u0301sume\u0301', '👩‍🚀 on call')
  expect(columns).toEqual([15, 15, 15, 15])
  expect(rows[1]).toBe('決済チーム     #')
})

test('a cell of a table is cut at sixty columns, and never within a character', () => {
  const { rows, columns } = printed('字'.repeat(40), `${'x'.repeat(59)}🚀`)
  expect(columns).toEqual([63, 63, 63])
  expect(rows.slice(1)).toEqual([`${'字'.repeat(29)}…    #`, `${'x'.repeat(59)}…   #`])
})
