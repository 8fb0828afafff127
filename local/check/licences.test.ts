import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { checkout } from '#local/processes/places'
import { foreignLicences } from './licences.ts'

const folder = mkdtempSync(join(tmpdir(), 'postern-licences-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function foreign(packages: Record<string, object>) {
  writeFileSync(join(folder, 'package-lock.json'), JSON.stringify({ packages: { '': {}, ...packages } }))
  return foreignLicences(folder)
}

test('every dependency of Postern has a licence from the list', () => {
  expect(foreignLicences(checkout)).toEqual([])
})

test('a package with no licence, or one that is not on the list, is reported', () => {
  expect(
    foreign({
      'node_modules/fine': { license: 'MIT' },
      'node_modules/copyleft': { license: 'AGPL-3.0-only' },
      'node_modules/a/node_modules/@b/none': {},
      'node_modules/either': { license: '(MIT OR GPL-3.0-only)' },
      'node_modules/both': { license: 'MIT AND GPL-3.0-only' },
      // An exception is for its package only.
      'node_modules/other': { license: 'MPL-2.0' },
      'node_modules/ical.js': { license: 'MPL-2.0' },
    }),
  ).toEqual(['copyleft: AGPL-3.0-only', '@b/none: none named', 'both: MIT AND GPL-3.0-only', 'other: MPL-2.0'])
})
