import { readFileSync } from 'node:fs'
import { join } from 'node:path'

// What Postern may be made of. Every package of package-lock.json counts, also those of other platforms and of the tools.

/** Whoever takes Postern may do with these what Apache-2.0 lets them do with Postern. SPDX. */
const allowed = new Set([
  ...['MIT', 'ISC', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', '0BSD', 'Unlicense', 'BlueOak-1.0.0'],
  // argparse, in Python's own words.
  'PSF-2.0',
])

/** Others, each with why it may stand here all the same. The first pattern that fits a name counts. */
const exceptions: [name: RegExp, licence: string, why: string][] = [
  [
    /^@img\/sharp-/,
    'LGPL-3.0-or-later',
    'an optional program library of Next.js, unchanged and replaceable; not loaded',
  ],
  [/^lightningcss(-|$)/, 'MPL-2.0', 'builds style sheets; no part of the product'],
  [/^(@axe-core\/playwright|axe-core)$/, 'MPL-2.0', 'tests pages; no part of the product'],
  [/^ical\.js$/, 'MPL-2.0', 'unchanged, and its source is published; MPL asks that of its own files alone'],
  [/^elkjs$/, 'EPL-2.0', 'comes with the program of Prisma; no part of the product'],
  [/^caniuse-lite$/, 'CC-BY-4.0', 'data about browsers, with its authors named; no part of the product'],
  [/^geist$/, 'SIL OPEN FONT LICENSE', 'typefaces, which that licence lets anybody bundle'],
  [/^seq-queue$/, 'none named', 'MIT by its LICENSE file; comes with the program of Prisma; no part of the product'],
]

const may = (name: string, licence: string) =>
  allowed.has(licence) || exceptions.some(([pattern, other]) => pattern.test(name) && other === licence)

/** `MIT OR X`: one is enough. `MIT AND X`: all are needed. */
const isAllowed = (name: string, expression: string): boolean =>
  expression
    .replace(/[()]/g, '')
    .split(/ or /i)
    .some((part) => part.split(/ and /i).every((licence) => may(name, licence.trim())))

type Locked = { packages: Record<string, { license?: string }> }

/** Packages of the lock file whose licence is not on the list. */
export function foreignLicences(checkout: string): string[] {
  const { packages } = JSON.parse(readFileSync(join(checkout, 'package-lock.json'), 'utf8')) as Locked
  return Object.entries(packages).flatMap(([path, { license = 'none named' }]) => {
    if (path === '') return []
    const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)
    return isAllowed(name, license) ? [] : `${name}: ${license}`
  })
}
