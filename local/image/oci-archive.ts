import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { pack } from '#local/package/pack'
import { containerConfiguration } from './contents.ts'
import type { Platform } from './platforms.ts'

// Writes an image in the format of the OCI (a folder of content-addressed files, as one archive) with GNU tar and Node.js
// alone. The same files become the same bytes: sorted names, one time, one owner. Only another zlib compresses differently.

export type Descriptor = { mediaType: string; digest: string; size: number }

export type Image = {
  /** The digest of the manifest, which names the image. */
  digest: string
  /** The file, which `ctr image import`, `podman load` and `crane push` read. */
  archive: string
  /** Bytes of the layers before compression. */
  size: number
}

const mediaType = (name: string) => `application/vnd.oci.image.${name}`
const created = '1970-01-01T00:00:00Z'

export async function sha256(file: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file), hash)
  return `sha256:${hash.digest('hex')}`
}

/** Moves a file to its place among the blobs. */
async function addFile(blobs: string, file: string, type: string): Promise<Descriptor> {
  const digest = await sha256(file)
  renameSync(file, join(blobs, digest.slice('sha256:'.length)))
  return { mediaType: type, digest, size: statSync(join(blobs, digest.slice('sha256:'.length))).size }
}

async function addJson(blobs: string, document: object, type: string): Promise<Descriptor> {
  const file = join(blobs, 'unfinished')
  writeFileSync(file, JSON.stringify(document))
  return addFile(blobs, file, type)
}

/**
 * Writes the image with one layer for each folder, the lowest first.
 * @param scratch an empty folder for files that are not needed afterwards
 */
export async function writeImage(options: {
  layers: { folder: string; what: string }[]
  platform: Platform
  labels: Record<string, string>
  /** How a container starts. Default: as Postern's does. */
  config?: object
  /** The name and tag under which container programs import it. */
  reference: string
  archive: string
  scratch: string
}): Promise<Image> {
  const { layers, platform, labels, config = containerConfiguration, reference, archive, scratch } = options
  const layout = join(scratch, 'layout')
  const blobs = join(layout, 'blobs/sha256')
  mkdirSync(blobs, { recursive: true })
  const [diffIds, descriptors]: [string[], Descriptor[]] = [[], []]
  let size = 0
  for (const { folder } of layers) {
    const tar = join(scratch, 'layer.tar')
    pack(folder, tar)
    size += statSync(tar).size
    diffIds.push(await sha256(tar))
    await pipeline(createReadStream(tar), createGzip({ level: 6 }), createWriteStream(`${tar}.gz`))
    descriptors.push(await addFile(blobs, `${tar}.gz`, mediaType('layer.v1.tar+gzip')))
    rmSync(tar)
  }
  const configuration = await addJson(
    blobs,
    {
      created,
      architecture: platform.architecture,
      os: 'linux',
      config: { ...config, Labels: labels },
      rootfs: { type: 'layers', diff_ids: diffIds },
      history: layers.map(({ what }) => ({ created, created_by: what })),
    },
    mediaType('config.v1+json'),
  )
  const manifestType = mediaType('manifest.v1+json')
  const manifest = await addJson(
    blobs,
    { schemaVersion: 2, mediaType: manifestType, config: configuration, layers: descriptors },
    manifestType,
  )
  const annotations = {
    'io.containerd.image.name': reference,
    'org.opencontainers.image.ref.name': reference.split(':').at(-1),
  }
  const index = {
    schemaVersion: 2,
    mediaType: mediaType('index.v1+json'),
    manifests: [{ ...manifest, platform: { architecture: platform.architecture, os: 'linux' }, annotations }],
  }
  writeFileSync(join(layout, 'index.json'), JSON.stringify(index))
  writeFileSync(join(layout, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }))
  pack(layout, archive)
  return { digest: manifest.digest, archive, size }
}
