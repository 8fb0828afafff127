import { describe, expect, test } from 'vitest'
import { checkFilter, parseFilter } from './filter.ts'
import { formatFilter, queryOf } from './filter-terms.ts'

const now = new Date('2026-11-26T13:30:00Z')
const requestId = 'req_0123456789abcdefghjkmnpqrs'

describe('the text of a filter', () => {
  test('a parsed filter is formatted as the same text', () => {
    const text = 'deploy hangs actor:"Mina Okafor" cluster:prod-eu resource:secrets type:grant.ended from:"1 Nov"'
    const { filter, problems } = parseFilter(text)
    expect(problems).toEqual([])
    expect(filter).toEqual({
      ...{ text: 'deploy hangs', actor: 'Mina Okafor', cluster: 'prod-eu', resource: 'secrets' },
      ...{ type: 'grant.ended', from: '1 Nov' },
    })
    expect(formatFilter(filter)).toBe(text)
  })

  test('an id without a key is recognized, and other words are searched for', () => {
    expect(parseFilter(requestId).filter).toEqual({ request: requestId })
    expect(parseFilter('mina okafor').filter).toEqual({ text: 'mina okafor' })
  })

  test('an unknown key is a problem that names the likely one', () => {
    expect(parseFilter('acter:mina').problems).toEqual([
      'acter: is not a filter. Did you mean actor:? To search for the text itself, put it in quotes.',
    ])
    expect(parseFilter('system:node').problems).toHaveLength(1)
  })

  test('quoted text is searched for, whatever it contains', () => {
    const { filter, problems } = parseFilter('"system:node:a" hangs')
    expect({ filter, problems }).toEqual({ filter: { text: 'system:node:a hangs' }, problems: [] })
    expect(parseFilter(formatFilter(filter))).toEqual({ filter, problems })
  })

  test('a key that is there twice is a problem', () => {
    expect(parseFilter('actor:mina actor:jonas').problems).toEqual(['actor: is there twice. Only one can apply.'])
  })
})

describe('the values of a filter', () => {
  test('the range is in the chosen zone, and includes the last day', () => {
    expect(checkFilter({ from: '2026-11-01', to: 'yesterday' }, now)).toEqual({
      ...{ from: '2026-11-01T00:00:00.000Z', to: '2026-11-26T00:00:00.000Z', problems: [] },
    })
    expect(checkFilter({ from: '2026-11-01', zone: 'Europe/Berlin' }, now).from).toBe('2026-10-31T23:00:00.000Z')
  })

  test.each([
    [{ from: 'soon' }, /^from: must be a date or time/],
    [{ to: '2026-13-40' }, /^to: must be a date or time/],
    [{ from: 'today', to: 'yesterday' }, /^from: must be before to:/],
    [{ zone: 'Mars' }, /^zone: must be a time zone/],
    [{ type: 'grant.endet' }, /Did you mean grant\.ended\?$/],
    [{ severity: 'severe' }, /^severity: must be low, medium or high\.$/],
    [{ request: 'grt_0123456789abcdefghjkmnpqrs' }, /^request: must be an id that begins with req_/],
  ])('%j has a problem that says what would be right', (filter, expected) => {
    expect(checkFilter(filter, now).problems).toEqual([expect.stringMatching(expected)])
  })
})

test('the query string contains only the values that are set', () => {
  expect(queryOf({ actor: 'a b', type: '' }, { cursor: 'x', open: '' })).toBe('actor=a+b&cursor=x')
})
