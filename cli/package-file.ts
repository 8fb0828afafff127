import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The text of a file of Postern that the npm package has too: it is beside this code there, and above it in a checkout. */
export function readPackageFile(name: string): string {
  const beside = join(import.meta.dirname, name)
  return readFileSync(existsSync(beside) ? beside : join(import.meta.dirname, '..', name), 'utf8')
}

export const version = (): string => (JSON.parse(readPackageFile('package.json')) as { version: string }).version
