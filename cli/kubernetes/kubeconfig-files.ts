// The kubeconfig files that kubectl reads: those in KUBECONFIG, or ~/.kube/config.
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, dirname, join, resolve } from 'node:path'
import { type Document, parse, parseDocument } from 'yaml'
import { fileErrorMessage } from '../file-error.ts'
import type { Terminal } from '../terminal.ts'
import { UsageError } from '../usage-error.ts'

type Env = Terminal['env']

export function kubeconfigFiles({ KUBECONFIG, HOME }: Env): string[] {
  const files = (KUBECONFIG ?? '').split(delimiter).filter(Boolean)
  return files.length > 0 ? files : [join(HOME || homedir(), '.kube/config')]
}

type Named<T> = { name: string } & T
type ExecPlugin = { command?: string; args?: string[]; env?: { name: string; value: string }[] }
type User = { token?: string; tokenFile?: string; exec?: ExecPlugin }
type Kubeconfig = {
  'current-context'?: string
  contexts?: Named<{ context?: { cluster?: string; user?: string; namespace?: string } }>[]
  users?: Named<{ user?: User }>[]
  clusters?: Named<{ cluster?: { server?: string } }>[]
}

export type CurrentContext = { name: string; namespace: string | null; server: string | null }

function readOne(file: string): Kubeconfig {
  try {
    const parsed: unknown = parse(readFileSync(file, 'utf8'))
    return typeof parsed === 'object' && parsed !== null ? parsed : {}
  } catch {
    return {}
  }
}

/** The context that kubectl would use. As in kubectl, the first file that names something wins. */
export function currentContext(env: Env, wanted?: string, file?: string): CurrentContext | null {
  const all = (file ? [file] : kubeconfigFiles(env)).map(readOne)
  const name = wanted ?? all.map((one) => one['current-context']).find(Boolean)
  if (!name) return null
  const context = all.flatMap(({ contexts }) => contexts ?? []).find((one) => one.name === name)?.context
  const cluster = all.flatMap(({ clusters }) => clusters ?? []).find((one) => one.name === context?.cluster)?.cluster
  return { name, namespace: context?.namespace ?? null, server: cluster?.server ?? null }
}

export type CurrentUser = { name: string } & User

/** A path in a kubeconfig is relative to its folder; a command without a slash is on the path. */
const besideFile = (file: string, path: string) => resolve(dirname(file), path)

/** The user of the context that kubectl would use, with absolute paths. */
export function currentUser(env: Env): CurrentUser | null {
  const all = kubeconfigFiles(env).map((file) => ({ file, ...readOne(file) }))
  const wanted = all.map((one) => one['current-context']).find(Boolean)
  const context = all.flatMap(({ contexts }) => contexts ?? []).find(({ name }) => name === wanted)?.context
  for (const { file, users = [] } of all) {
    const found = users.find(({ name }) => name === context?.user)
    if (!found) continue
    const { token, tokenFile, exec } = found.user ?? {}
    const command = exec?.command?.includes('/') ? besideFile(file, exec.command) : exec?.command
    return {
      name: found.name,
      ...(token ? { token } : {}),
      ...(tokenFile ? { tokenFile: besideFile(file, tokenFile) } : {}),
      ...(exec && command ? { exec: { ...exec, command } } : {}),
    }
  }
  return null
}

/** Holds the lock that kubectl itself holds while it changes a kubeconfig. */
function whileLocked(file: string, work: () => void) {
  const lock = `${file}.lock`
  try {
    closeSync(openSync(lock, 'wx', 0o600))
  } catch {
    throw new UsageError(`${lock} exists: another program changes the kubeconfig. If none does, delete it.`)
  }
  try {
    work()
  } finally {
    rmSync(lock, { force: true })
  }
}

/** The file has either its old or its new text, whenever the command ends. */
function replaceFile(file: string, text: string, mode: number) {
  const half = `${file}.postern-new`
  rmSync(half, { force: true })
  writeFileSync(half, text, { mode, flag: 'wx' })
  renameSync(half, file)
}

export const backupOf = (file: string): string => `${file}.postern-backup`

/**
 * Changes a kubeconfig: the file has either its old or its new text, whenever the command ends, and the old text stays in
 * a backup. Comments and unknown fields are kept.
 */
export function changeKubeconfig(path: string, change: (document: Document) => void): void {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    const file = existsSync(path) ? realpathSync(path) : path
    whileLocked(file, () => {
      const old = existsSync(file) ? readFileSync(file, 'utf8') : ''
      const document = parseDocument(old || 'apiVersion: v1\nkind: Config\n')
      if (document.errors.length > 0) throw new UsageError(`${file} is not valid YAML. It was not changed.`)
      change(document)
      const mode = old ? statSync(file).mode & 0o777 : 0o600
      // NB: neither over another file, to which the name may be a link, nor into one that others can read.
      if (old) replaceFile(backupOf(file), old, mode & 0o600)
      replaceFile(file, document.toString({ lineWidth: 0 }), mode & 0o600)
    })
  } catch (error) {
    if (error instanceof UsageError) throw error
    throw new UsageError(`${path}: ${fileErrorMessage(error)}`)
  }
}
