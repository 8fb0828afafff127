import fc from 'fast-check'
import { RE2JS } from 're2js'
import { expect, test } from 'vitest'
import { ticketExample } from './ticket-example.ts'

test('a simple pattern has an example that people recognise', () => {
  for (const [pattern, example] of [
    ['^[A-Z]+-[0-9]+$', 'ABC-123'],
    ['^PAY-[0-9]+$', 'PAY-123'],
    ['^PAY-\\d{4}$', 'PAY-1234'],
    ['^INC[0-9]{7}$', 'INC1234567'],
    ['^#\\d+$', '#123'],
    ['^[A-Z]{2,5}-\\d+$', 'AB-123'],
  ] as const)
    expect(ticketExample([pattern], undefined)).toBe(example)
})

test('the example of the configuration comes first, unless it breaks another pattern', () => {
  expect(ticketExample(['^[A-Z]+-[0-9]+$'], 'PAY-7')).toBe('PAY-7')
  expect(ticketExample(['^[A-Z]+-[0-9]+$', '^PAY-'], 'OPS-7')).toBeNull()
  expect(ticketExample(['^[A-Z]+-[0-9]+$', '^PAY-[0-9]+$'], 'OPS-7')).toBe('PAY-123')
})

test('a pattern that is not simple has no example of its own', () => {
  expect(ticketExample(['^(PAY|OPS)-[0-9]+$'], undefined)).toBeNull()
  expect(ticketExample(['^[^a]$'], undefined)).toBeNull()
  expect(ticketExample(['.'], undefined)).toBeNull()
})

test('an example always matches its patterns', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      '[A-Z]',
      '[a-z]',
      '[0-9]',
      '[A-Z0-9]',
      '[ab-d]',
      '\\d',
      '\\w',
      'A',
      '-',
      '#',
      '\\.',
      '.',
      '(x)',
      '[^x]',
    ),
  )
  const repeat = fc.constantFrom('', '+', '*', '?', '{3}', '{2,5}', '{1,}')
  const pattern = fc.array(
    fc.tuple(piece, repeat).map(([one, times]) => one + times),
    { maxLength: 6 },
  )
  fc.assert(
    fc.property(pattern, (pieces) => {
      const text = `^${pieces.join('')}$`
      const example = ticketExample([text], undefined)
      if (example !== null) expect(RE2JS.compile(text).matcher(example).find()).toBe(true)
    }),
  )
})
