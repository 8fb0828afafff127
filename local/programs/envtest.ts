import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { z } from 'zod'

/** Where the controller-tools project publishes the index of its archives. */
const publishedIndex = 'https://raw.githubusercontent.com/kubernetes-sigs/controller-tools/HEAD/envtest-releases.yaml'

/** envtest-releases.yaml: for each release its archives, each with the hex SHA-512 of its bytes and its address. */
const indexSchema = z.object({
  releases: z.record(z.string(), z.record(z.string(), z.object({ hash: z.string(), selfLink: z.string() }))),
})

const programs = ['kube-apiserver', 'etcd', 'kubectl']

function order(version: string): number {
  const [, major, minor, patch] = version.match(/^v(\d+)\.(\d+)\.(\d+)$/)?.map(Number) ?? []
  return ((major ?? -1) * 1000 + (minor ?? 0)) * 1000 + (patch ?? 0)
}

/** The newest release that is not of a newer minor version than `wanted`. */
function choose(versions: string[], wanted: string): string | undefined {
  const limit = order(wanted.replace(/\.\d+$/, '.999'))
  return versions
    .filter((version) => order(version) >= 0 && order(version) <= limit)
    .sort((a, b) => order(a) - order(b))
    .at(-1)
}

async function download(url: URL): Promise<Buffer> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(600_000) }).catch((error: Error) => {
    throw new Error(`${url} cannot be fetched: ${error.cause instanceof Error ? error.cause.message : error.message}`)
  })
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}`)
  return Buffer.from(await answer.arrayBuffer())
}

/**
 * kube-apiserver, etcd and kubectl as the controller-tools project publishes them for tests, for machines without Go.
 * The archive must have the SHA-512 that the index names for it, else nothing of it is unpacked. The index comes from
 * `<base>/envtest-releases.yaml` where `base` (POSTERN_ENVTEST_URL) is given; links in it may be relative to it.
 * Returns the folder that holds the three programs; it is kept in `cache`.
 */
export async function downloadEnvtest(options: {
  cache: string
  /** The release that is wanted, such as v1.37.2; the nearest older one is taken where it is not published. */
  version: string
  say: (line: string) => void
  base?: string
}): Promise<string> {
  const { cache, version, say } = options
  const base = options.base ?? process.env.POSTERN_ENVTEST_URL
  const indexUrl = new URL(base ? `${base.replace(/\/$/, '')}/envtest-releases.yaml` : publishedIndex)
  say(`no go on this machine: looking for published programs in ${indexUrl}`)
  const { releases } = indexSchema.parse(parse((await download(indexUrl)).toString('utf8')))
  const platform = `${process.platform}-${process.arch === 'x64' ? 'amd64' : process.arch}`
  const archiveName = (release: string) => `envtest-${release}-${platform}.tar.gz`
  const release = choose(
    Object.keys(releases).filter((candidate) => releases[candidate]?.[archiveName(candidate)]),
    version,
  )
  const archive = release && releases[release]?.[archiveName(release)]
  if (!archive) throw new Error(`${indexUrl} names no archive for ${platform} up to ${version}`)

  // The hash in the name: another archive under the same version is another folder.
  const folder = join(cache, `envtest-${release}-${platform}-${archive.hash.slice(0, 16).replace(/[^0-9a-f]/gi, '_')}`)
  if (existsSync(folder)) return folder
  const url = new URL(archive.selfLink, indexUrl)
  say(`fetching ${url}`)
  const bytes = await download(url)
  const found = createHash('sha512').update(bytes).digest('hex')
  if (found !== archive.hash.toLowerCase()) {
    throw new Error(`${url} is refused: its SHA-512 is ${found}, and the index says ${archive.hash}`)
  }
  mkdirSync(cache, { recursive: true })
  const unfinished = mkdtempSync(join(cache, '.envtest-'))
  try {
    const file = join(unfinished, 'archive.tar.gz')
    writeFileSync(file, bytes)
    const members = programs.map((program) => `controller-tools/envtest/${program}`)
    const args = ['-xzf', file, '-C', unfinished, '--strip-components=2', '--no-same-owner', ...members]
    const result = spawnSync('tar', args, { encoding: 'utf8' })
    if (result.status !== 0) throw new Error(`${url} cannot be unpacked: ${result.error?.message ?? result.stderr}`)
    for (const program of programs) {
      if (!statSync(join(unfinished, program)).isFile()) throw new Error(`${url}: ${program} is no file`)
    }
    rmSync(file)
    renameSync(unfinished, folder)
  } finally {
    rmSync(unfinished, { recursive: true, force: true })
  }
  return folder
}
