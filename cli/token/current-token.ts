// The token that kubectl would send now, to explain why a cluster refuses it.
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { CommandFailure, exitCodes } from '../exit-codes.ts'
import { fileErrorMessage } from '../file-error.ts'
import { type CurrentUser, currentUser } from '../kubernetes/kubeconfig-files.ts'
import { line, lines } from '../output.ts'
import type { Terminal } from '../terminal.ts'
import { UsageError } from '../usage-error.ts'

const apiVersion = 'client.authentication.k8s.io/v1'
const credential = z.object({ status: z.object({ token: z.string() }) })
const pluginTimeoutMs = 60_000

/** What the plugin of a kubeconfig prints, called as kubectl calls it. */
function fromPlugin({ env }: Terminal, { exec: plugin }: CurrentUser): Promise<string> {
  const { command = '', args = [], env: additions } = plugin ?? {}
  const info = { apiVersion, kind: 'ExecCredential', spec: { interactive: false } }
  const added = Object.fromEntries((additions ?? []).map(({ name, value }) => [name, value]))
  return new Promise((resolve, reject) => {
    const options = {
      env: { ...env, ...added, KUBERNETES_EXEC_INFO: JSON.stringify(info) } as unknown as NodeJS.ProcessEnv,
      timeout: pluginTimeoutMs,
    }
    const child = execFile(command, args, options, (error, out, errors) => {
      const found = error ? undefined : credential.safeParse(parsed(out)).data
      if (found) return resolve(found.status.token)
      const why = errors.trim() ? lines(errors.trim()) : error ? line(error.message) : 'it printed no token.'
      reject(
        new CommandFailure(exitCodes.refused, `The plugin ${line(command)} of the kubeconfig printed no token: ${why}`),
      )
    })
    child.stdin?.end()
  })
}

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

export async function currentToken(terminal: Terminal): Promise<{ of: string; token: string }> {
  const user = currentUser(terminal.env)
  if (!user) throw new UsageError('The kubeconfig has no current context with a user.')
  const of = `The token of ${user.name}`
  if (user.exec) return { of, token: await fromPlugin(terminal, user) }
  if (user.token) return { of, token: user.token.trim() }
  if (!user.tokenFile) throw new UsageError(`The user ${line(user.name)} of the kubeconfig has no token.`)
  try {
    return { of, token: readFileSync(user.tokenFile, 'utf8').trim() }
  } catch (error) {
    throw new UsageError(`${user.tokenFile}: ${fileErrorMessage(error)}`)
  }
}
