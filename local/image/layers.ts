import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { nodePackage } from '#local/package/node-package'
import { makeAppLayer } from './app-layer.ts'
import { type DebianPackage, makeBaseLayer } from './base-layer.ts'
import { copy } from './files.ts'
import type { Platform } from './platforms.ts'

export type Layers = { base: string; node: string; app: string; debian: DebianPackage[] }

/** Makes the layers of the image as folders in `scratch`. The production build must be up to date. */
export async function makeLayers(platform: Platform, scratch: string): Promise<Layers> {
  const [base, node, app] = ['base', 'node', 'app'].map((name) => join(scratch, name)) as [string, string, string]
  mkdirSync(base, { recursive: true })
  const debian = makeBaseLayer(platform, base)
  const published = nodePackage(platform.nodePackage, scratch)
  copy(join(published, 'bin/node'), join(node, 'usr/bin/node'))
  copy(join(published, 'LICENSE'), join(node, 'usr/share/doc/node/LICENSE'))
  await makeAppLayer(app)
  return { base, node, app, debian }
}
