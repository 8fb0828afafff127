import { randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { Command } from 'commander'
import { type RequestState, requestPage, state as stateShape } from '#lib/api-client/shapes'
import { timeoutOption } from '../access/durations.ts'
import { requestIdOf } from '../access/find.ts'
import { readRequest, waitUntilActive } from '../access/wait.ts'
import { clock, timeLeft } from '../access/words.ts'
import { cacheFolder, writePrivately } from '../account/folders.ts'
import { contextOption, openApi, type ServerOptions, serverOption } from '../account/session.ts'
import { CommandFailure, exitCodes } from '../exit-codes.ts'
import { line, note } from '../output.ts'
import { programName } from '../program-name.ts'
import type { Api } from '../server/api.ts'
import type { Terminal } from '../terminal.ts'
import { UsageError } from '../usage-error.ts'
import { runChild } from './child.ts'
import { deleteCredential } from './credential-cache.ts'
import { privateKubeconfig } from './private-kubeconfig.ts'

type Options = ServerOptions & { release: boolean; timeout: number }

async function theRequest(api: Api, id: string | undefined): Promise<RequestState> {
  if (id) return readRequest(api, await requestIdOf(api, id))
  const { items } = await api.call({ path: '/requests?role=mine&status=approved&limit=100', response: requestPage })
  const active = items.filter(({ grant }) => grant?.status === 'active')
  const [only, ...others] = active
  if (!only)
    throw new CommandFailure(exitCodes.refused, `You have no active access. Request it: ${programName} request --help`)
  if (others.length > 0) {
    const all = active.map((one) => `  ${one.id}  ${line(one.title, 60)}`).join('\n')
    throw new UsageError(`You have several active grants. Name one:\n${all}`)
  }
  return only
}

/** Shows the time left in front of the prompt, after the person's own settings. */
const bashMark = (until: string) => `[ -f ~/.bashrc ] && . ~/.bashrc
_postern_left() { local s=$(( ${Math.floor(Date.parse(until) / 1000)} - $(date +%s) )); [ $s -gt 0 ] && echo "$((s / 60 + 1)) min" || echo "access ended"; }
PS1='[postern $(_postern_left)] '"$PS1"
`

/** The person's shell. Other shells than bash have no mark in the prompt, but the variable POSTERN_UNTIL. */
function shellOf({ env }: Terminal, until: string): { words: string[]; remove: () => void } {
  const shell = env.SHELL || (process.platform === 'win32' ? 'cmd.exe' : '/bin/sh')
  if (basename(shell) !== 'bash') return { words: [shell], remove: () => {} }
  const file = join(cacheFolder(env), 'kubeconfigs', `${randomBytes(9).toString('hex')}.bashrc`)
  writePrivately(file, bashMark(until))
  return { words: [shell, '--rcfile', file], remove: () => rmSync(file, { force: true }) }
}

async function release(terminal: Terminal, api: Api, grant: string) {
  deleteCredential(terminal.env, api.session, grant)
  const call = { path: `/grants/${grant}/release`, body: {}, response: stateShape, isKeyed: true }
  const { status } = await api.call(call)
  note(terminal, `Released the access (${status}). Keep it next time with --no-release.`)
}

async function shell(terminal: Terminal, id: string | undefined, options: Options) {
  const api = await openApi(terminal, options)
  const chosen = await theRequest(api, id)
  const { grant, namespaces, cluster, title } = await waitUntilActive(terminal, api, chosen.id, options.timeout)
  if (!grant?.expiresAt) throw new CommandFailure(exitCodes.refused, `${chosen.id} has no access.`)
  const place = { contextName: `postern/${cluster}`, namespace: namespaces[0] ?? null }
  const kubeconfig = await privateKubeconfig(terminal, api, grant.id, place)
  const { words, remove } = shellOf(terminal, grant.expiresAt)
  note(terminal, `${line(title)} until ${clock(grant.expiresAt)} (${timeLeft(grant.expiresAt)}). Leave with exit.`)
  const variables = { KUBECONFIG: kubeconfig.file, POSTERN_GRANT: grant.id, POSTERN_UNTIL: grant.expiresAt }
  try {
    terminal.exitCode = (await runChild(terminal, words, { isRead: false, variables })).code
  } finally {
    kubeconfig.remove()
    remove()
  }
  if (options.release) await release(terminal, api, grant.id)
}

export function shellCommand(terminal: Terminal): Command {
  return new Command('shell')
    .description('Open a shell that has the access of a grant, and release the access at its end.')
    .argument('[id]', 'a grant or request (default: the only active one)')
    .option('--no-release', 'keep the access when the shell ends')
    .addOption(timeoutOption())
    .addOption(serverOption())
    .addOption(contextOption())
    .action((id: string | undefined, options: Options) => shell(terminal, id, options))
}
