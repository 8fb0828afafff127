import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { AuditEventResource } from '#lib/core/access/audit-event-resource'
import { exportHead, exportLine } from './export-lines.ts'

const anEvent = (name: string, note: unknown = null): AuditEventResource => ({
  ...{ id: 'evt_1', at: '2026-11-23T09:00:00.000Z', type: 'request.denied', sentence: 'closed the request as denied' },
  ...{ actor: { kind: 'person', id: 'per_1', name, email: null }, about: null, via: 'api', clientAddress: null },
  ...{
    reference: 'r',
    requestId: null,
    grantId: null,
    cluster: 'prod-eu',
    namespaces: ['a', 'b'],
    policyVersion: null,
  },
  ...{ data: { note }, before: null, after: null },
})

/** The cells of one line, as RFC 4180 defines them. */
const cellsOf = (line: string) =>
  [...line.matchAll(/"((?:[^"]|"")*)"(?:,|\r\n$)/g)].map(([, text = '']) => text.replaceAll('""', '"'))

test('every line has the columns of the head, whatever people have written', () => {
  const count = cellsOf(exportHead('csv')).length
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.string(), (name, note) => {
      const cells = cellsOf(exportLine('csv', anEvent(name, note)))
      expect(cells).toHaveLength(count)
      expect(cells[2]?.replace(/^'/, '')).toBe(name.replace(/^'/, ''))
    }),
  )
})

test.each(['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', ' =cmd|x', '\u200b=1', '＝1', '%0A=1', '|calc'])(
  'a spreadsheet does not evaluate %j',
  (name) => {
    expect(cellsOf(exportLine('csv', anEvent(name)))[2]).toBe(`'${name}`)
  },
)

test('ordinary text is unchanged', () => {
  expect(cellsOf(exportLine('csv', anEvent('Ines "Ada" Ferreira, 2nd')))[2]).toBe('Ines "Ada" Ferreira, 2nd')
})

test('a line of JSON Lines is the event of the API', () => {
  const event = anEvent('a\nb\u2028c')
  const line = exportLine('jsonl', event)
  expect(line.indexOf('\n')).toBe(line.length - 1)
  expect(JSON.parse(line)).toEqual(event)
})
