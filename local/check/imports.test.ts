import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { checkout } from '#local/processes/places'
import { contributingProblems } from './contributing.ts'
import { importTable, type Room } from './import-table.ts'
import { importBreaches, tableProblems } from './imports.ts'

let planted: string
beforeEach(() => {
  planted = mkdtempSync(join(tmpdir(), 'postern-imports-'))
})
afterEach(() => rmSync(planted, { recursive: true }))

const plant = (path: string, text: string) => {
  mkdirSync(dirname(join(planted, path)), { recursive: true })
  writeFileSync(join(planted, path), text)
}

test('the code imports only what the import table allows', () => {
  expect(importBreaches(checkout)).toEqual([])
})

test('CONTRIBUTING.md shows the import table', () => {
  expect(contributingProblems(checkout)).toEqual([])
})

test('an import that the table does not allow is reported with both files and the reason', () => {
  plant('components/list.tsx', "import type { Row } from '#lib/views/rows'\nexport type Rows = Row[]\n")
  expect(importBreaches(planted)).toEqual([
    'components/list.tsx imports lib/views/rows.ts: components may import only lib/core/*, because a component renders its props, so that it can be rendered without a server',
  ])
})

test('a breach is found in every form of import', () => {
  const forms = [
    "import { a } from '#lib/worker/a'",
    "import type { A } from '../worker/a.ts'",
    "export { a } from '../worker/a.ts'",
    "export * from '../worker/a.ts'",
    "import '../worker/a.ts'",
    "export const a = () => import('../worker/a.ts')",
    "export type A = import('../worker/a.ts').A",
  ]
  for (const form of forms) {
    plant('lib/views/a.ts', `${form}\n`)
    expect(importBreaches(planted), form).toEqual([
      expect.stringMatching(/^lib\/views\/a\.ts imports lib\/worker\/a\.ts: /),
    ])
  }
})

test('a package, or the generated database client, may be imported only by its own room', () => {
  plant('lib/worker/a.ts', "import { V1Role } from '@kubernetes/client-node'\nexport const role = V1Role\n")
  plant('lib/views/b.ts', "import { Prisma } from '#lib/adapters/db/generated/client'\nexport const sql = Prisma.sql\n")
  plant('lib/adapters/auth/c.ts', "import { PrismaClient } from '@prisma/client'\nexport const client = PrismaClient\n")
  plant('lib/core/rbac/d.ts', "import { readFileSync } from 'node:fs'\nexport const read = readFileSync\n")
  expect(importBreaches(planted)).toEqual([
    'lib/adapters/auth/c.ts imports @prisma/client: only lib/adapters/db knows Prisma',
    'lib/core/rbac/d.ts imports node:fs: lib/core/rbac may import no packages except yaml, because core decides from its arguments alone, so that a reader and a test need nothing else',
    'lib/views/b.ts imports lib/adapters/db/generated/client.ts: only lib/adapters/db knows Prisma',
    'lib/worker/a.ts imports @kubernetes/client-node: only lib/adapters/cluster knows the Kubernetes client',
  ])
})

test('production code may not import test code', () => {
  plant('lib/views/a.ts', "import { aGrant } from '#testing/grants'\nexport const grant = aGrant\n")
  plant('cli/b.ts', "import { facts } from '../lib/core/guardrails/facts.testing.ts'\nexport const all = facts\n")
  plant('lib/views/a.test.ts', "import { aGrant } from '#testing/grants'\nexport const grant = aGrant\n")
  expect(importBreaches(planted)).toEqual([
    'cli/b.ts imports lib/core/guardrails/facts.testing.ts: production code may not import test code',
    'lib/views/a.ts imports testing/grants.ts: production code may not import test code',
  ])
})

test('a file outside all rooms is reported', () => {
  plant('lib/helpers/a.ts', 'export const a = 1\n')
  expect(importBreaches(planted)).toEqual(['lib/helpers/a.ts is not in any room of local/check/import-table.ts'])
})

test('core may not wait, read a clock, draw a random number or reach outside', () => {
  const of = (line: string) => {
    plant('lib/core/grants/a.ts', `export const before = 1\n${line}\n`)
    return importBreaches(planted).map((breach) => breach.split(': core receives')[0])
  }
  const uses = (what: string) => [`lib/core/grants/a.ts:2 uses ${what}`]
  expect(of('export const a = () => Date.now()')).toEqual(uses('Date.now'))
  expect(of('export const a = () => new Date()')).toEqual(uses('the clock'))
  expect(of('export const a = () => Date()')).toEqual(uses('the clock'))
  expect(of('export const a = () => Math.random()')).toEqual(uses('Math.random'))
  expect(of('export const a = () => crypto.randomUUID()')).toEqual(uses('crypto'))
  expect(of('export const a = () => process.env.HOME')).toEqual(uses('process'))
  expect(of('export const a = (url: string) => fetch(url)')).toEqual(uses('fetch'))
  expect(of('export const a = async () => 1')).toEqual(uses('async'))
  expect(of('export async function* a() {}')).toEqual(uses('async'))
  expect(of('export const a = await import("zod")')).toContain('lib/core/grants/a.ts:2 uses await')
  expect(of("import { randomBytes } from 'node:crypto'\nexport const a = randomBytes")).toEqual([
    expect.stringMatching(
      /^lib\/core\/grants\/a\.ts imports node:crypto: core may import only createHash, .* from node:crypto$/,
    ),
  ])
})

test('core may use fields, types and functions that only have the name of an impure global', () => {
  plant(
    'lib/core/grants/a.ts',
    [
      "import { createHash } from 'node:crypto'",
      'export type Waiting = Promise<void>',
      'export const a = { process: 1, fetch: 2 }',
      'export const b = a.process + a.fetch',
      'export const c = (now: Date) => new Date(now.getTime() + 1)',
      "export const d = createHash('sha256')",
      '',
    ].join('\n'),
  )
  expect(importBreaches(planted)).toEqual([])
})

test('a table with a cycle is reported', () => {
  const room = (name: string, imports: string[]): Room => ({ name, holds: '', imports, why: '' })
  expect(tableProblems([room('a', []), room('b', ['a'])])).toEqual([])
  expect(tableProblems([room('a', ['b']), room('b', ['a'])])).toEqual([
    'the import table lets a import b, which is not above it: that could be a cycle',
  ])
  expect(tableProblems([room('c/a', []), room('d', ['c/*']), room('c/b', [])])).toEqual([
    'the import table lets d import c/*, but not all of these are above it',
  ])
})

test('a row of CONTRIBUTING.md that differs from the table is reported', () => {
  const [first] = importTable
  plant(
    'CONTRIBUTING.md',
    `| Room | Holds | May import |\n|---|---|---|\n| \`${first?.name}\` | anything | \`app\` |\n`,
  )
  const [missing, ...others] = contributingProblems(planted)
  expect(missing).toBe(
    'CONTRIBUTING.md lacks this row of local/check/import-table.ts: | `lib/core/access` | the vocabulary: ids, statuses, terms, API schemas, errors | – |',
  )
  expect(others.at(-1)).toBe(
    'CONTRIBUTING.md has a row that is not in local/check/import-table.ts: | `lib/core/access` | anything | `app` |',
  )
})
