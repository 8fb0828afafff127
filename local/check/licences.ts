import { readFileSync } from 'node:fs'
import { join } from 'node:path'

// The licences of Postern's dependencies: of every package in package-lock.json, including other platforms and tools.

/** SPDX identifiers of licences that permit everything that Apache-2.0 permits for Postern itself. */
const allowed = new Set([
  ...['MIT', 'MIT-0', 'ISC', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', '0BSD', 'Unlicense', 'BlueOak-1.0.0'],
  // argparse, which was ported from Python.
  'PSF-2.0',
])

/** Exceptions, each with its reason. The first pattern that matches a name counts. */
const exceptions: [name: RegExp, licence: string, why: string][] = [
  [/^@img\/sharp-/, 'LGPL-3.0-or-later', 'an optional library of Next.js, unmodified and replaceable; not loaded'],
  [/^lightningcss(-|$)/, 'MPL-2.0', 'builds style sheets; not part of the product'],
  [/^(@axe-core\/playwright|axe-core)$/, 'MPL-2.0', 'tests pages; not part of the product'],
  [/^ical\.js$/, 'MPL-2.0', 'unmodified, with published source; the MPL requires that only for its own files'],
  [/^web-push$/, 'MPL-2.0', 'unmodified, with published source; the MPL requires that only for its own files'],
  [/^elkjs$/, 'EPL-2.0', 'a dependency of the Prisma command; not part of the product'],
  [/^caniuse-lite$/, 'CC-BY-4.0', 'data about browsers, with attribution; not part of the product'],
  [/^geist$/, 'SIL OPEN FONT LICENSE', 'typefaces, which this licence permits anyone to bundle'],
  [/^seq-queue$/, 'none named', 'MIT by its LICENSE file; a dependency of the Prisma command; not part of the product'],
]

const isPermitted = (name: string, licence: string) =>
  allowed.has(licence) || exceptions.some(([pattern, other]) => pattern.test(name) && other === licence)

/** `MIT OR X` needs one permitted licence, `MIT AND X` needs both. */
const isAllowed = (name: string, expression: string): boolean =>
  expression
    .replace(/[()]/g, '')
    .split(/ or /i)
    .some((part) => part.split(/ and /i).every((licence) => isPermitted(name, licence.trim())))

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
