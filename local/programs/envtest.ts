import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { z } from 'zod'

/** The index of the archives that controller-tools publishes. */
const publishedIndex = 'https://raw.githubusercontent.com/kubernetes-sigs/controller-tools/HEAD/envtest-releases.yaml'

/** envtest-releases.yaml: the archives of each release, each with its hexadecimal SHA-512 and its address. */
const indexSchema = z.object({
  releases: z.record(z.string(), z.record(z.string(), z.object({ hash: z.string(), selfLink: z.string() }))),
})

const programs = ['kube-apiserver', 'etcd', 'kubectl']

function order(version: string): number {
  const [, major, minor, patch] = version.match(/^v(\d+)\.(\d+)\.(\d+)$/)?.map(Number) ?? []
  return ((major ?? -1) * 1000 + (minor ?? 0)) * 1000 + (patch ?? 0)
}

/** The newest release up to the minor version of `pinned`. */
function choose(versions: string[], pinned: string): string | undefined {
  const limit = order(pinned.replace(/\.\d+$/, '.999'))
  return versions
    .filter((version) => order(version) >= 0 && order(version) <= limit)
    .sort((a, b) => order(a) - order(b))
    .at(-1)
}

async function download(url: URL): Promise<Buffer> {
  const response = await fetch(url, { signal: AbortSignal.timeout(600_000) }).catch((error: Error) => {
    const { message } = error.cause instanceof Error ? error.cause : error
    throw new Error(`${url} could not be downloaded: ${message}`)
  })
  if (!response.ok) throw new Error(`${url} answered ${response.status}`)
  return Buffer.from(await response.arrayBuffer())
}

/**
 * Downloads the kube-apiserver, etcd and kubectl that controller-tools publishes for tests, for machines without Go.
 * Unpacks the archive only if its SHA-512 is the one in the index. `base` (POSTERN_ENVTEST_URL) replaces the address of
 * the index, `<base>/envtest-releases.yaml`; links in the index may be relative. Returns the directory of the three
 * programs, in `cache`.
 */
export async function downloadEnvtest(options: {
  cache: string
  /** The pinned release, such as v1.37.2. If it is not published, the newest older one is used. */
  version: string
  say: (line: string) => void
  base?: string
}): Promise<string> {
  const { cache, version, say } = options
  const base = options.base ?? process.env.POSTERN_ENVTEST_URL
  const indexUrl = new URL(base ? `${base.replace(/\/$/, '')}/envtest-releases.yaml` : publishedIndex)
  say(`Go is not installed: searching ${indexUrl} for published programs`)
  const { releases } = indexSchema.parse(parse((await download(indexUrl)).toString('utf8')))
  const platform = `${process.platform}-${process.arch === 'x64' ? 'amd64' : process.arch}`
  const archiveName = (release: string) => `envtest-${release}-${platform}.tar.gz`
  const release = choose(
    Object.keys(releases).filter((candidate) => releases[candidate]?.[archiveName(candidate)]),
    version,
  )
  const archive = release && releases[release]?.[archiveName(release)]
  if (!archive) throw new Error(`${indexUrl} has no archive for ${platform} up to ${version}`)

  // The hash is part of the name, so that a different archive of the same version has its own directory.
  const folder = join(cache, `envtest-${release}-${platform}-${archive.hash.slice(0, 16).replace(/[^0-9a-f]/gi, '_')}`)
  if (existsSync(folder)) return folder
  const url = new URL(archive.selfLink, indexUrl)
  say(`downloading ${url}`)
  const bytes = await download(url)
  const hash = createHash('sha512').update(bytes).digest('hex')
  if (hash !== archive.hash.toLowerCase()) {
    throw new Error(`${url} was refused: its SHA-512 is ${hash}, but the index says ${archive.hash}`)
  }
  mkdirSync(cache, { recursive: true })
  const unfinished = mkdtempSync(join(cache, '.envtest-'))
  try {
    const file = join(unfinished, 'archive.tar.gz')
    writeFileSync(file, bytes)
    const members = programs.map((program) => `controller-tools/envtest/${program}`)
    const args = ['-xzf', file, '-C', unfinished, '--strip-components=2', '--no-same-owner', ...members]
    const result = spawnSync('tar', args, { encoding: 'utf8' })
    if (result.status !== 0) throw new Error(`${url} could not be unpacked: ${result.error?.message ?? result.stderr}`)
    for (const program of programs) {
      if (!statSync(join(unfinished, program)).isFile()) throw new Error(`${url}: ${program} is not a file`)
    }
    rmSync(file)
    renameSync(unfinished, folder)
  } finally {
    rmSync(unfinished, { recursive: true, force: true })
  }
  return folder
}
