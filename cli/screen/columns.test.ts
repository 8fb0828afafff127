import fc from 'fast-check'
import { expect, test } from 'vitest'
import { columnsOf, endOf, toColumns, wrap } from './columns.ts'

const texts = fc.string({
  unit: fc.constantFrom('a', ' ', '字', 'é', 'e\u0301', '👩‍🚀', '❤️', 'ａ', 'ﷺ'),
  maxLength: 60,
})

test.each([
  ['payments', 8],
  ['決済', 4],
  ['e\u0301', 1],
  ['👩‍🚀', 4],
  ['❤️', 2],
])('%s is counted as %i columns, the most that a terminal needs', (text, columns) => {
  expect(columnsOf(text)).toBe(columns)
})

test('text that is cut or padded to a width has exactly that width', () => {
  fc.assert(
    fc.property(texts, fc.integer({ min: 2, max: 40 }), (text, columns) => {
      // A wide character may leave one column.
      expect(columnsOf(toColumns(text, columns))).toBe(columns)
    }),
  )
})

test('wrapped text is never wider than the terminal, and loses nothing but the spaces at line ends', () => {
  fc.assert(
    fc.property(texts, fc.integer({ min: 6, max: 40 }), (text, columns) => {
      const wrapped = wrap(text, columns)
      for (const line of wrapped) expect(columnsOf(line)).toBeLessThanOrEqual(columns)
      expect(wrapped.join('').replaceAll(' ', '')).toBe(text.replaceAll(' ', ''))
    }),
  )
})

test('text is wrapped on a terminal of any width, however narrow', () => {
  fc.assert(
    fc.property(texts, fc.integer({ min: 1, max: 6 }), (text, columns) => {
      expect(wrap(text, columns).join('').replaceAll(' ', '')).toBe(text.replaceAll(' ', ''))
    }),
  )
})

test('a line is wrapped at a space, and goes on with its own indent', () => {
  expect(wrap('  high: can run commands in pods', 16)).toEqual(['  high: can run', '    commands in', '    pods'])
})

test('of what someone types, the end is shown', () => {
  expect(endOf('a long note', 4)).toBe('note')
  expect(endOf('決済決済', 5)).toBe('決済')
})
