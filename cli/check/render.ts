// Renders Helm charts and Kustomize directories with the installed programs.
import { spawn } from 'node:child_process'
import { constants } from 'node:fs'
import { access, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, delimiter, join, resolve } from 'node:path'

export type Renderer = 'helm' | 'kustomize'

const commands: Record<
  Renderer,
  { program: string; args: (directory: string, namespace: string | null) => string[] }[]
> = {
  helm: [
    {
      program: 'helm',
      args: (directory, namespace) => [
        'template',
        'release',
        directory,
        ...(namespace ? ['--namespace', namespace] : []),
      ],
    },
  ],
  kustomize: [
    { program: 'kustomize', args: (directory) => ['build', directory] },
    { program: 'kubectl', args: (directory) => ['kustomize', directory] },
  ],
}

const timeLimit = 60_000
const maxErrors = 10_000
const maxReason = 400

async function findProgram(name: string): Promise<string | null> {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const path = join(folder, name)
    try {
      await access(path, constants.X_OK)
      return path
    } catch {}
  }
  return null
}

async function findCommand(renderer: Renderer) {
  for (const { program, args } of commands[renderer]) {
    const path = await findProgram(program)
    if (path) return { path, args }
  }
  return null
}

/**
 * A chart or a kustomization may be hostile: it gets no credentials, no other program (such as git), and no network,
 * because a proxy that does not exist is set for it.
 */
function environmentIn(home: string): NodeJS.ProcessEnv {
  const noNetwork = { HTTP_PROXY: 'http://127.0.0.1:9', HTTPS_PROXY: 'http://127.0.0.1:9', NO_PROXY: '' }
  return { NODE_ENV: 'production', HOME: home, TMPDIR: home, PATH: '', KUBECONFIG: join(home, 'none'), ...noNetwork }
}

/** The error of a program on one line, without the warnings before it and the prefixes of its log. */
function reasonOf(errors: string, directory: string): string {
  const from = Math.max(0, errors.search(/^.*error/im))
  const line = errors.slice(from).replaceAll(directory, basename(directory)).replace(/\s+/g, ' ').trim()
  return line.replace(/^(?:[EFIW]\d{4} [^\]]*\] |error: )/i, '').slice(0, maxReason) || 'it failed without a message'
}

export class NotRendered extends Error {}

const missing: Record<Renderer, string> = {
  helm: 'helm is not installed',
  kustomize: 'neither kustomize nor kubectl is installed',
}

/**
 * The rendered manifests, as a stream.
 * @throws NotRendered that says why, on one line
 */
export async function* render(
  renderer: Renderer,
  directory: string,
  namespace: string | null,
): AsyncGenerator<Buffer, void> {
  const command = await findCommand(renderer)
  if (!command) throw new NotRendered(missing[renderer])
  const home = await mkdtemp(join(tmpdir(), 'postern-render-'))
  const path = resolve(directory)
  const child = spawn(command.path, command.args(path, namespace), {
    env: environmentIn(home),
    cwd: home,
    timeout: timeLimit,
    killSignal: 'SIGKILL',
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  try {
    let errors = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      errors = (errors + text).slice(-maxErrors)
    })
    const ended = new Promise<string | null>((settle) => {
      child.on('error', (error) => settle(error.message))
      child.on('close', (code, signal) => {
        if (signal) settle(`it did not finish within ${timeLimit / 1000} seconds`)
        else settle(code === 0 ? null : reasonOf(errors, path))
      })
    })
    yield* child.stdout
    const problem = await ended
    if (problem !== null) throw new NotRendered(`${basename(command.path)} failed: ${problem}`)
  } finally {
    child.kill('SIGKILL')
    await rm(home, { recursive: true, force: true })
  }
}
