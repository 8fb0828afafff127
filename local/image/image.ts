// `npm run image`: Postern as a container image, without a daemon and without a registry. It writes an OCI archive and the
// list of its packages (CycloneDX) to .postern/image. `--platform linux/arm64` makes the image of another processor, and
// `--folder DIR` writes the files of the image to a folder instead, for deploy/image/Dockerfile.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { ensureProductionBuild } from '#local/parts/production-build'
import { checkout, stateDirectory } from '#local/processes/places'
import { say, step } from '#local/processes/steps'
import { baseLayerObstacle } from './base-layer.ts'
import { copy } from './files.ts'
import { makeLayers } from './layers.ts'
import { writeImage } from './oci-archive.ts'
import { ownPlatform, platforms } from './platforms.ts'
import { makeSbom, sbomFile } from './sbom.ts'

const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`

async function main() {
  // The modes of folders are part of the image.
  process.umask(0o022)
  const { values } = parseArgs({ options: { platform: { type: 'string' }, folder: { type: 'string' } } })
  const platform = values.platform ? platforms.find(({ name }) => name === values.platform) : ownPlatform()
  if (!platform) throw new Error(`--platform must be one of ${platforms.map(({ name }) => name).join(', ')}`)
  const obstacle = baseLayerObstacle()
  if (obstacle) throw new Error(obstacle)
  const { version } = JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8'))
  const scratch = mkdtempSync(join(tmpdir(), 'postern-image-'))
  try {
    await step('production build', ensureProductionBuild, (built) => (built ? '' : 'up to date'))
    const layers = await step(`files for ${platform.name}`, () => makeLayers(platform, scratch))
    if (values.folder) {
      const folder = resolve(process.env.INIT_CWD ?? '', values.folder)
      for (const layer of [layers.base, layers.node, layers.app]) copy(layer, folder)
      return
    }
    const directory = join(stateDirectory, 'image')
    mkdirSync(directory, { recursive: true })
    const archive = join(directory, `postern-${version}-${platform.name.replace('/', '-')}.tar`)
    const image = await step(
      'archive',
      () =>
        writeImage({
          layers: [
            {
              folder: layers.base,
              what: `Debian: ${layers.debian.map(({ name, version }) => `${name} ${version}`).join(', ')}`,
            },
            { folder: layers.node, what: 'Node.js' },
            { folder: layers.app, what: `Postern ${version}` },
          ],
          platform,
          labels: {
            'org.opencontainers.image.title': 'postern',
            'org.opencontainers.image.version': version,
            'org.opencontainers.image.licenses': 'Apache-2.0',
          },
          reference: `postern:${version}`,
          archive,
          scratch,
        }),
      ({ digest, size }) => `${archive}, ${digest}, ${megabytes(size)} unpacked`,
    )
    const release = readFileSync(join(layers.base, 'usr/lib/os-release'), 'utf8').match(/^VERSION_CODENAME=(.+)$/m)?.[1]
    const sbom = makeSbom(platform, layers.debian, release ?? '')
    writeFileSync(sbomFile(image.archive), `${JSON.stringify(sbom, null, 2)}\n`)
    say(`         packages: ${sbomFile(image.archive)}`)
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

try {
  await main()
} catch (error) {
  say(error instanceof Error ? error.message : String(error))
  process.exitCode = 1
}
