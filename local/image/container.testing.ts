import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Runs in a mount namespace of its own, so that nothing of it stays on the machine. */
const enter = `set -e
mount --bind "$root" "$root"
mount --bind "$files" "$root/tmp"
mount -o remount,bind,ro "$root/tmp"
mount --rbind /proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -o remount,bind,ro "$root"
exec chroot --userspec="$user" "$root" "$@"`

/** Why containers can't be started here; undefined if they can. */
export function containerObstacle(): string | undefined {
  try {
    execFileSync('unshare', ['--mount', 'chroot', '/', 'true'], { stdio: ['ignore', 'ignore', 'pipe'] })
    return undefined
  } catch (error) {
    const { message } = error as Error
    return `this user may not create a mount namespace and change the root (${message.split('\n').at(-1)})`
  }
}

/** Unpacks the image of an archive, layer by layer. Returns its configuration. */
export function unpack(archive: string, scratch: string, root: string) {
  const layout = join(scratch, 'read')
  for (const folder of [layout, root]) mkdirSync(folder, { recursive: true })
  execFileSync('tar', ['--extract', `--file=${archive}`, `--directory=${layout}`])
  const read = (digest: string) => join(layout, 'blobs', digest.replace(':', '/'))
  const json = (file: string) => JSON.parse(readFileSync(file, 'utf8'))
  const [{ digest }] = json(join(layout, 'index.json')).manifests
  const manifest = json(read(digest))
  for (const layer of manifest.layers)
    execFileSync('tar', ['--extract', '--gzip', `--file=${read(layer.digest)}`, `--directory=${root}`])
  const { config } = json(read(manifest.config.digest))
  return { digest: digest as string, config: config as typeof import('./contents.ts').containerConfiguration }
}

/**
 * Starts a command of an unpacked image as its user, with nothing that can be written to. `files` is a folder that it finds
 * at /tmp. The process has the network of this machine and its own process ID.
 */
export function startContainer(options: {
  root: string
  files: string
  config: { User: string; Env: string[]; Entrypoint: string[] }
  command: string[]
  env?: Record<string, string>
}) {
  const { root, files, config, command, env = {} } = options
  const own = Object.fromEntries(config.Env.map((line) => line.split(/=(.*)/s).slice(0, 2) as [string, string]))
  const child = spawn('unshare', ['--mount', 'sh', '-c', enter, 'sh', ...config.Entrypoint, ...command], {
    // The shell finds its programs on this machine's path; nothing in the image is started by name.
    env: { NODE_ENV: 'production', ...own, ...env, root, files, user: config.User, PATH: process.env.PATH },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  const ended = new Promise<number | NodeJS.Signals | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve(signal ?? code))
  })
  return { pid: child.pid ?? 0, kill: (signal: NodeJS.Signals) => child.kill(signal), output: () => output, ended }
}
