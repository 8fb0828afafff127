import { readFileSync } from 'node:fs'
import { join } from 'node:path'

type Locked = { packages: Record<string, { optionalDependencies?: Record<string, string> }> }

/**
 * Platform packages that a package in package-lock.json depends on but the lock file lacks. `npm install` accepts such a
 * lock file; `npm ci` then fails on every machine.
 */
export function incompletePackages(checkout: string): string[] {
  const { packages } = JSON.parse(readFileSync(join(checkout, 'package-lock.json'), 'utf8')) as Locked
  const isLocked = (from: string, name: string): boolean => {
    if (Object.hasOwn(packages, `${from ? `${from}/` : ''}node_modules/${name}`)) return true
    if (from === '') return false
    return isLocked(from.slice(0, Math.max(0, from.lastIndexOf('/node_modules/'))), name)
  }
  return Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies)
      .filter((name) => !isLocked(path, name))
      .map((name) => `${path || 'package.json'} needs ${name}, which package-lock.json lacks`),
  )
}
