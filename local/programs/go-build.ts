import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { createInterface } from 'node:readline'

/** True if `go` can be run. An older one downloads the toolchain that go.mod names. */
export function findGo(): boolean {
  return spawnSync('go', ['version'], { stdio: 'ignore' }).status === 0
}

const cleanEnvironment = () => ({ ...process.env, GOFLAGS: '-trimpath', GOWORK: 'off', CGO_ENABLED: '0' })

/** The directory in Go's module cache of a module that `folder`/go.mod requires. Downloads it if necessary. */
export function moduleFolder(folder: string, module: string): string {
  const options = { cwd: folder, env: cleanEnvironment(), encoding: 'utf8' } as const
  const { Dir } = JSON.parse(execFileSync('go', ['mod', 'download', '-json', module], options))
  return Dir
}

const seconds = (since: number) => `${Math.round((Date.now() - since) / 1000)} s`

/**
 * Builds one package of the module in `folder`. Ignores the user's GOFLAGS and workspace, so that the same pin builds the
 * same program everywhere. Reports its progress to `say` every ten seconds.
 */
export async function goBuild(options: {
  folder: string
  packagePath: string
  output: string
  linkerFlags: string
  /** Build tags, comma-separated. */
  tags?: string | undefined
  say: (line: string) => void
}): Promise<void> {
  const { folder, packagePath, output, linkerFlags, tags = '', say } = options
  const began = Date.now()
  const flags = ['-v', '-trimpath', '-buildvcs=false', '-tags', tags, '-ldflags', linkerFlags]
  const args = ['build', ...flags, '-o', output, packagePath]
  const child = spawn('go', args, {
    cwd: folder,
    env: cleanEnvironment(),
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let compiled = 0
  let downloaded = 0
  const recent: string[] = []
  const ticker = setInterval(
    () => say(`${compiled} packages compiled, ${downloaded} modules downloaded, ${seconds(began)}`),
    10_000,
  )
  const onSignal = () => child.kill('SIGTERM')
  process.once('exit', onSignal)
  try {
    const ended = new Promise<number | null>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', resolve)
    })
    for await (const line of createInterface({ input: child.stderr })) {
      if (line.startsWith('go: downloading')) downloaded += 1
      else compiled += 1
      recent.push(line)
      if (recent.length > 20) recent.shift()
    }
    if ((await ended) !== 0) throw new Error(`go build ${packagePath} failed:\n${recent.join('\n')}`)
    say(`built in ${seconds(began)}`)
  } finally {
    clearInterval(ticker)
    process.off('exit', onSignal)
  }
}
