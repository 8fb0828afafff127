import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { brokenPaths } from './docs-paths.ts'
import { incompletePackages } from './lockfile.ts'

let checkout: string
beforeEach(() => {
  checkout = mkdtempSync(join(tmpdir(), 'postern-documents-'))
  mkdirSync(join(checkout, 'docs'))
  mkdirSync(join(checkout, 'lib'))
  writeFileSync(join(checkout, 'lib/here.ts'), '')
})
afterEach(() => rmSync(checkout, { recursive: true }))

test('a path or link in a document that does not exist is reported with the document', () => {
  writeFileSync(
    join(checkout, 'docs/guide.md'),
    'See `lib/here.ts`, `lib/gone.ts`, [this](../lib/here.ts#part), [that](other.md), [web](https://example.com/x) and `npm test`.\n',
  )
  expect(brokenPaths(checkout)).toEqual([
    'docs/guide.md names docs/other.md, which does not exist',
    'docs/guide.md names lib/gone.ts, which does not exist',
  ])
})

test('generated files and paths in code blocks are not reported', () => {
  writeFileSync(join(checkout, 'README.md'), '`.postern/demo.json`\n```\n`lib/gone.ts`\n```\n')
  expect(brokenPaths(checkout)).toEqual([])
})

test('a path in a comment that does not exist is reported with its line', () => {
  const lines = [
    '// See lib/here.ts and lib/here.ts. Not lib/gone.ts, nor gone.ts.',
    '/** lib/* and local/<command>.ts are patterns; `vitest run lib/here` finds lib/here.test.ts: */',
    "export const path = 'lib/gone.ts'",
    '',
  ]
  writeFileSync(join(checkout, 'lib/here.ts'), lines.join('\n'))
  writeFileSync(join(checkout, 'lib/style.css'), '/* lib/gone.css */\n')
  writeFileSync(join(checkout, 'README.md'), '# Title\n\n<!-- Generated from lib/gone -->\n')
  expect(brokenPaths(checkout)).toEqual([
    'lib/here.ts:1 names lib/gone.ts, which does not exist',
    'lib/here.ts:1 names gone.ts, which does not exist',
    'lib/here.ts:2 names lib/here.test.ts, which does not exist',
    'README.md:3 names lib/gone, which does not exist',
    'lib/style.css:1 names lib/gone.css, which does not exist',
  ])
})

test('a platform package that the lock file lacks is reported', () => {
  const packages = {
    '': {},
    'node_modules/a': { optionalDependencies: { 'a-linux': '1', 'a-darwin': '1' } },
    'node_modules/a-linux': {},
    'node_modules/b': { optionalDependencies: { 'b-linux': '1' } },
    'node_modules/b/node_modules/b-linux': {},
  }
  writeFileSync(join(checkout, 'package-lock.json'), JSON.stringify({ packages }))
  expect(incompletePackages(checkout)).toEqual(['node_modules/a needs a-darwin, which package-lock.json lacks'])
})
