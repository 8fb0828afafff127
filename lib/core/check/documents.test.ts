import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DocumentSplitter, type DocumentText } from './documents.ts'

function split(text: string, cuts: readonly number[] = [], max?: number): DocumentText[] {
  const splitter = new DocumentSplitter(max)
  const places = [0, ...[...cuts].sort((a, b) => a - b), text.length]
  const found = places.slice(1).flatMap((to, index) => splitter.push(text.slice(places[index], to)))
  return [...found, ...splitter.end()]
}
const documentsIn = (text: string) => split(text).map(({ text: document, line }) => [line, document?.trim()])

describe('a stream of YAML', () => {
  test.each([
    ['a: 1', [[1, 'a: 1']]],
    ['', []],
    ['# nothing\n\n---\n---\n', []],
    [
      'a: 1\n---\nb: 2\n',
      [
        [1, 'a: 1'],
        [2, '---\nb: 2'],
      ],
    ],
    [
      '---\na: 1\n--- {b: 2}\n',
      [
        [1, '---\na: 1'],
        [3, '--- {b: 2}'],
      ],
    ],
    ['a: 1\n---b: 2\n', [[1, 'a: 1\n---b: 2']]],
    ['a: |\n  ---\n  x\n', [[1, 'a: |\n  ---\n  x']]],
    [
      'a: "x\n---\n"',
      [
        [1, 'a: "x'],
        [2, '---\n"'],
      ],
    ],
    [
      'a: 1\n...\nb: 2',
      [
        [1, 'a: 1'],
        [2, 'b: 2'],
      ],
    ],
    [
      'a: 1\r\n---\r\nb: 2\r\n',
      [
        [1, 'a: 1'],
        [2, '---\r\nb: 2'],
      ],
    ],
  ])('%j is split at its markers, each document with its line', (text, expected) => {
    expect(documentsIn(text)).toEqual(expected)
  })

  test('comments and directives before a document belong to it', () => {
    expect(documentsIn('# about a\n%YAML 1.2\n---\na: 1\n# still a\n---\nb: 2')).toEqual([
      [1, '# about a\n%YAML 1.2\n---\na: 1\n# still a'],
      [6, '---\nb: 2'],
    ])
  })

  test('a stream is split into the same documents whatever its pieces are', () => {
    const line = fc.constantFrom('---', '...', 'a: 1', '# c', '', '--- x', '%YAML 1.2', '\r', '----', '-')
    fc.assert(
      fc.property(fc.array(line, { maxLength: 12 }), fc.array(fc.nat(60), { maxLength: 8 }), (lines, cuts) => {
        const text = lines.join('\n')
        expect(
          split(
            text,
            cuts.map((cut) => Math.min(cut, text.length)),
          ),
        ).toEqual(split(text))
      }),
    )
  })

  test('only a document that is too long is dropped, and the lines after it stay correct', () => {
    const text = `a: 1\n---\n${'x'.repeat(500)}\n${'# y\n'.repeat(100)}---\nb: 2\n`
    const cuts = Array.from({ length: 90 }, (_, n) => n * 10)
    expect(split(text, cuts, 100)).toEqual([
      { text: 'a: 1\n', line: 1 },
      { text: null, line: 2 },
      { text: '---\nb: 2\n\n\n', line: 104 },
    ])
  })
})
