// Programs as their projects release them: minutes faster than building them.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createReadStream, existsSync } from 'node:fs'
import { chmod, mkdir, open, rename, rm, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { pipeline } from 'node:stream/promises'

export type PublishedProgram = {
  program: string
  url: string
  /** A file of the same release with the SHA-256 of `url`: alone, or one line for each file of the release. */
  sums: string
  /** Its path in the archive at `url`; without it, `url` is the program. */
  member?: string
}

/** The programs of a Kubernetes release and its etcd, for this machine; none where the projects release none. */
export function publishedPrograms(
  versions: { kubernetes: string; etcd: string },
  { platform, arch }: { platform: string; arch: string } = process,
): PublishedProgram[] {
  const architecture = { x64: 'amd64', arm64: 'arm64' }[arch]
  if (platform !== 'linux' || !architecture) return []
  const kubernetes = `https://dl.k8s.io/release/${versions.kubernetes}/bin/linux/${architecture}`
  const etcd = `https://github.com/etcd-io/etcd/releases/download/${versions.etcd}`
  const folder = `etcd-${versions.etcd}-linux-${architecture}`
  return [
    ...['kubectl', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler'].map((program) => ({
      program,
      url: `${kubernetes}/${program}`,
      sums: `${kubernetes}/${program}.sha256`,
    })),
    { program: 'etcd', url: `${etcd}/${folder}.tar.gz`, sums: `${etcd}/SHA256SUMS`, member: `${folder}/etcd` },
  ]
}

/** Milliseconds: until a server first answers, which decides whether this machine reaches it, and between two pieces. */
type Limits = { answerMs: number; idleMs: number }
const defaultLimits: Limits = { answerMs: 2_000, idleMs: 30_000 }

const largestSums = 64 * 1024

const reasonOf = (error: unknown): string => {
  const { message, cause } = error as Error
  return cause instanceof Error ? `${message}: ${cause.message}` : message
}

/** An answer whose body ends with an error when its server is silent for too long. */
type Answer = { status: number; length: number | undefined; pieces(): AsyncGenerator<Uint8Array> }

/** Follows redirects to https only; to plain http only at the address where it began, as in the tests. */
async function get(from: string, headers: Record<string, string>, waitMs: number, idleMs: number): Promise<Answer> {
  const controller = new AbortController()
  let timer: NodeJS.Timeout | undefined
  const wait = (url: URL, ms: number) => {
    clearTimeout(timer)
    timer = setTimeout(() => controller.abort(new Error(`${url.host} was silent for ${ms / 1000} s`)), ms)
  }
  const first = new URL(from)
  let url = first
  try {
    for (let hops = 0; hops <= 5; hops += 1) {
      wait(url, waitMs)
      const { signal } = controller
      const response = await fetch(url, { headers, redirect: 'manual', signal })
      const location = response.headers.get('location')
      if (response.status >= 300 && response.status < 400 && location) {
        await response.body?.cancel()
        url = new URL(location, url)
        if (url.protocol !== 'https:' && url.origin !== first.origin)
          throw new Error(`${from} was refused: it redirects to ${url.protocol}//${url.host}, which is not https`)
        continue
      }
      const length = Number(response.headers.get('content-length') ?? Number.NaN)
      return {
        status: response.status,
        length: Number.isFinite(length) ? length : undefined,
        async *pieces() {
          try {
            wait(url, idleMs)
            for await (const piece of response.body ?? []) {
              yield piece
              wait(url, idleMs)
            }
          } finally {
            clearTimeout(timer)
          }
        },
      }
    }
    throw new Error(`${from} redirects too often`)
  } catch (error) {
    clearTimeout(timer)
    throw new Error(`${url.host} can't be used: ${reasonOf(error)}`)
  }
}

/** The published SHA-256, in hexadecimal digits. */
async function publishedSum({ url, sums }: PublishedProgram, { answerMs, idleMs }: Limits): Promise<string> {
  const answer = await get(sums, {}, answerMs, idleMs)
  let text = ''
  for await (const piece of answer.pieces()) {
    text += Buffer.from(piece).toString('latin1')
    if (text.length > largestSums) throw new Error(`${sums} is not a list of sums`)
  }
  if (answer.status !== 200) throw new Error(`${sums} answered ${answer.status}`)
  const lines = text.split('\n').map((line) => line.split(' ').filter(Boolean))
  const [sum = ''] = lines.find(([one, file]) => one && (!file || file.replace('*', '') === basename(url))) ?? []
  if (!/^[0-9a-f]{64}$/.test(sum)) throw new Error(`${sums} has no SHA-256 of ${basename(url)}`)
  return sum
}

const sizeOf = async (file: string): Promise<number> => (existsSync(file) ? (await stat(file)).size : 0)
const megabytes = (bytes: number) => Math.round(bytes / 1e6)

/** Appends what is missing of `url` to `part`, and tells the size that the whole file should have. */
async function continueDownload(
  url: string,
  part: string,
  { idleMs }: Limits,
  say: (line: string) => void,
): Promise<void> {
  const begun = await sizeOf(part)
  const headers: Record<string, string> = { 'accept-encoding': 'identity' }
  if (begun > 0) headers.range = `bytes=${begun}-`
  const answer = await get(url, headers, idleMs, idleMs)
  // The part is already the whole file.
  if (answer.status === 416) return
  if (answer.status !== 200 && answer.status !== 206) throw new Error(`${url} answered ${answer.status}`)
  const isContinued = answer.status === 206
  const file = await open(part, isContinued ? 'a' : 'w', 0o600)
  let size = isContinued ? begun : 0
  const whole = answer.length === undefined ? undefined : size + answer.length
  let reported = Date.now()
  try {
    for await (const piece of answer.pieces()) {
      await file.writeFile(piece)
      size += piece.length
      if (Date.now() - reported < 10_000) continue
      reported = Date.now()
      say(`${megabytes(size)} MB${whole === undefined ? '' : ` of ${megabytes(whole)} MB`}`)
    }
  } finally {
    await file.close()
  }
  if (whole !== undefined && size < whole) throw new Error(`${url} ended after ${size} of ${whole} bytes`)
}

/** Downloads `url` into `part`. What was cut off is continued as long as each try adds something. */
async function download(url: string, part: string, limits: Limits, say: (line: string) => void): Promise<void> {
  for (;;) {
    const before = await sizeOf(part)
    try {
      return await continueDownload(url, part, limits, say)
    } catch (error) {
      if ((await sizeOf(part)) <= before) throw error
      say(`cut off, continuing: ${reasonOf(error)}`)
    }
  }
}

async function sha256(file: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file), hash)
  return hash.digest('hex')
}

async function obtain(one: PublishedProgram, cache: string, limits: Limits, say: (line: string) => void) {
  const { program, url, member } = one
  const sum = await publishedSum(one, limits)
  // With the sum in its name, a part is continued only with more of the same file.
  const part = join(cache, `.${program}.${sum.slice(0, 16)}.part`)
  say(`downloading ${url}`)
  await download(url, part, limits, say)
  const found = await sha256(part)
  if (found !== sum) {
    await rm(part)
    throw new Error(`${url} was refused: its SHA-256 is ${found}, but ${one.sums} says ${sum}`)
  }
  let file = part
  if (member) {
    file = join(cache, `.${program}.${process.pid}`)
    const { status, stderr } = spawnSync('sh', ['-c', 'tar -xzOf "$0" "$1" > "$2"', part, member, file], {
      encoding: 'utf8',
    })
    if (status !== 0) throw new Error(`${url} has no ${member}: ${stderr.trim()}`)
  }
  await chmod(file, 0o755)
  await rename(file, join(cache, program))
  if (member) await rm(part)
}

/**
 * A function that downloads programs into a cache and answers whether all are there. After its first failure it tries
 * nothing more: a machine that can't reach the releases waits once, not once for each program.
 */
export function publishedDownloads(limits: Limits = defaultLimits) {
  let isWorking = true
  return async (programs: PublishedProgram[], cache: string, say: (line: string) => void): Promise<boolean> => {
    for (const one of programs) {
      if (existsSync(join(cache, one.program))) continue
      if (!isWorking) return false
      await mkdir(cache, { recursive: true })
      try {
        await obtain(one, cache, limits, (line) => say(`${one.program}: ${line}`))
      } catch (error) {
        isWorking = false
        say(`the published programs are not used: ${reasonOf(error)}`)
        return false
      }
    }
    return true
  }
}
