import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { checkout } from '#local/processes/places'
import { makeAppLayer } from './app-layer.ts'
import { type DebianPackage, makeBaseLayer } from './base-layer.ts'
import { copy } from './files.ts'
import type { Platform } from './platforms.ts'

export type Layers = { base: string; node: string; app: string; debian: DebianPackage[] }

/**
 * The folder of Node.js's npm package for a platform: the installed one on this platform, otherwise npm's own download,
 * verified against package-lock.json.
 */
function nodePackage({ nodePackage: name }: Platform, scratch: string): string {
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

/** Makes the layers of the image as folders in `scratch`. The production build must be up to date. */
export async function makeLayers(platform: Platform, scratch: string): Promise<Layers> {
  const [base, node, app] = ['base', 'node', 'app'].map((name) => join(scratch, name)) as [string, string, string]
  mkdirSync(base, { recursive: true })
  const debian = makeBaseLayer(platform, base)
  const published = nodePackage(platform, scratch)
  copy(join(published, 'bin/node'), join(node, 'usr/bin/node'))
  copy(join(published, 'LICENSE'), join(node, 'usr/share/doc/node/LICENSE'))
  await makeAppLayer(app)
  return { base, node, app, debian }
}
