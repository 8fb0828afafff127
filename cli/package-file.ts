import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** NB: the oldest supported Node.js has no `getBuiltinModule`, and no single executables either. */
const executable = process.getBuiltinModule?.('node:sea')

/** Is this program a file of its own, with Node.js in it? */
export const isExecutable = (): boolean => executable?.isSea() === true

/**
 * The text of a file of Postern that the npm package and the single executables have too: it is beside this code in the package,
 * and above it in a checkout.
 */
export function readPackageFile(name: string): string {
  if (executable?.isSea()) return executable.getAsset(name, 'utf8')
  const beside = join(import.meta.dirname, name)
  return readFileSync(existsSync(beside) ? beside : join(import.meta.dirname, '..', name), 'utf8')
}

export const version = (): string => (JSON.parse(readPackageFile('package.json')) as { version: string }).version
