import { describe, expect, test } from 'vitest'
import { asciiJson, asciiJsonPieces } from './terminal.ts'

describe('a report in pieces', () => {
  const items = [{ name: 'wéb', places: [1, 2] }, { name: 'line\nbreak', places: [] }, null, 'plain']

  test.each([
    ['a list in an object', (list: unknown) => ({ version: 1, list, more: {} })],
    ['a list in a list', (list: unknown) => ({ runs: [{ list }], ä: [] })],
    ['only a list', (list: unknown) => list],
  ])('has the same text as the whole: %s', (_, report) => {
    expect([...asciiJsonPieces(report(items.values()))].join('')).toBe(asciiJson(report(items)))
    expect([...asciiJsonPieces(report([].values()))].join('')).toBe(asciiJson(report([])))
  })

  test('reads an item of a list only when the items before it are written', () => {
    const read: number[] = []
    const list = [1, 2, 3].values().map((item) => {
      read.push(item)
      return item
    })
    for (const piece of asciiJsonPieces({ list })) if (piece === '1') break
    expect(read).toEqual([1])
  })
})
