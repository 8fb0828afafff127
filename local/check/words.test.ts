import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { oldWords } from './words.ts'

let planted: string
beforeEach(() => {
  planted = mkdtempSync(join(tmpdir(), 'postern-words-'))
})
afterEach(() => rmSync(planted, { recursive: true }))

const plant = (path: string, text: string) => {
  mkdirSync(dirname(join(planted, path)), { recursive: true })
  writeFileSync(join(planted, path), text)
}

test('a word of the list is reported with its line and a better word', () => {
  plant('docs/guides/one.md', '# Guide\n\nThe token dies at noon.\n')
  expect(oldWords(planted, [])).toEqual(['docs/guides/one.md:3 "token dies": use expires'])
})

test('words are found in pages, attributes, strings, templates and labels', () => {
  const found = (path: string, text: string) => {
    plant(path, text)
    return oldWords(planted, []).map((line) => line.split(':')[1])
  }
  expect(
    found('components/a.tsx', 'export const A = () => (\n  <p>\n    Nothing has to be\n    asked for.\n  </p>\n)\n'),
  ).toEqual(['3 "has to be asked for"', '4 "asked"'])
  expect(found('components/a.tsx', 'export const A = () => <p title="Nobody" className="asks anew" />\n')).toEqual([
    '1 "Nobody"',
  ])
  expect(found('components/a.tsx', "export const a = { label: 'Ask' }\n")).toEqual(['1 "Ask"'])
  expect(found('components/a.tsx', 'export const a = (name: string) => `the token dies` + name\n')).toEqual([
    '1 "token dies"',
  ])
  expect(found('components/a.tsx', "throw new Error('it is said that it may')\n")).toEqual(['1 "it is said"'])
})

test('names in code, types, comments, SQL, tests and commands are not reported', () => {
  plant(
    'lib/a.ts',
    [
      "import { asked } from './nobody ever'",
      '// nobody reads this',
      "export type Stage = 'is asked'",
      "export const stage = 'asked'",
      'export const sql = Prisma.sql`SELECT asked FROM requests`',
      'export const row = tx.$queryRaw<Row[]>`SELECT asked FROM requests`',
      '',
    ].join('\n'),
  )
  plant('lib/a.test.ts', "export const name = 'nobody decides anew'\n")
  plant('README.md', 'Run `postern ask`.\n\n```\npostern ask for access\n```\n\n[Read on](docs/ask.md)\n')
  expect(oldWords(planted, [])).toEqual([])
})

test('an ordinary use of a word is not reported', () => {
  plant(
    'README.md',
    'What is Postern? It takes a minute, stands for a gate, and leaves no one asleep at the heartbeat.\n',
  )
  expect(oldWords(planted, [])).toEqual([])
})

test('an allowed text is not reported, and an allow-list entry that matches nothing is', () => {
  plant('README.md', 'The token is valid for whoever holds it.\n')
  const allowed = { path: 'README.md', text: 'for whoever holds it', why: 'a token has no other owner' }
  expect(oldWords(planted, [allowed])).toEqual([])
  expect(oldWords(planted, [allowed, { ...allowed, text: 'for whoever finds it' }])).toEqual([
    'local/check/allowed-words.ts allows "for whoever finds it" in README.md, which has no such word there',
  ])
})
