import { Command } from 'commander'
import { timeoutOption } from '../access/durations.ts'
import { findForPaste } from '../access/from-paste.ts'
import { forOption, reasonOption, ticketOption } from '../access/request-options.ts'
import { bodyOf, type Details, inWords, submit } from '../access/submit.ts'
import { waitUntilActive } from '../access/wait.ts'
import { heldInWords, timeLeft } from '../access/words.ts'
import { contextOption, openApi, type ServerOptions, serverOption } from '../account/session.ts'
import { confirm } from '../ask.ts'
import { CommandFailure, exitCodes } from '../exit-codes.ts'
import { note } from '../output.ts'
import { programName } from '../program-name.ts'
import type { Api } from '../server/api.ts'
import type { Terminal } from '../terminal.ts'
import { UsageError } from '../usage-error.ts'
import { runChild } from './child.ts'
import { asText, whereOf } from './command-line.ts'
import { currentContext } from './kubeconfig-files.ts'
import { privateKubeconfig } from './private-kubeconfig.ts'

type Options = ServerOptions & Details & { entitlement?: string; cluster?: string; yes?: true; timeout: number }

/** How kubectl, helm and client-go report that RBAC refused a call. */
const isForbidden = (errors: string) => /\bforbidden\b/i.test(errors)

/** The request whose access makes the command work: held, under way, or submitted now. */
async function requestFor(terminal: Terminal, api: Api, words: readonly string[], errors: string, options: Options) {
  const { entitlement, cluster } = options
  const chosen = { namespace: [], ...(entitlement ? { entitlement } : {}), ...(cluster ? { cluster } : {}) }
  const found = await findForPaste(terminal, api, `${asText(words)}\n${errors}`, whereOf(words), chosen)
  if (found.held) {
    note(terminal, heldInWords(found.held))
    return found.held.requestId
  }
  const { draft } = found
  const trial = await bodyOf(terminal, draft, options, true)
  const instead = `This would work: ${programName} run --yes --reason … -- ${asText(words)}\nIt requests ${inWords(draft, trial)}.`
  if (!options.yes && !(await confirm(terminal, `Request ${inWords(draft, trial)}?`, instead)))
    throw new CommandFailure(exitCodes.refused, 'Nothing was requested.')
  const { id } = await submit(terminal, api, draft, await bodyOf(terminal, draft, options))
  return id
}

/** Runs the command as it was typed, with the access of a request. */
async function runWith(terminal: Terminal, api: Api, words: readonly string[], id: string, timeoutMs: number) {
  const { grant, namespaces } = await waitUntilActive(terminal, api, id, timeoutMs)
  if (!grant) throw new CommandFailure(exitCodes.refused, `${id} has no access.`)
  if (grant.expiresAt) note(terminal, `Access for ${timeLeft(grant.expiresAt)}. Running the command again.`)
  const where = whereOf(words)
  const current = currentContext(terminal.env, where.context)
  // The command may name a context, so this one has the same name.
  const place = {
    contextName: where.context ?? current?.name ?? 'postern',
    namespace: current?.namespace ?? namespaces[0] ?? null,
  }
  const { file, remove } = await privateKubeconfig(terminal, api, grant.id, place)
  try {
    return (await runChild(terminal, words, { isRead: false, variables: { KUBECONFIG: file } })).code
  } finally {
    remove()
  }
}

async function run(terminal: Terminal, words: readonly string[] | null, options: Options) {
  if (!words || words.length === 0)
    throw new UsageError(`Put a command behind --, such as ${programName} run -- kubectl get pods.`)
  if (whereOf(words).kubeconfig)
    throw new UsageError(
      'The command names its own --kubeconfig, so postern cannot give it another. Set KUBECONFIG instead.',
    )
  const first = await runChild(terminal, words, { isRead: true })
  if (first.code === 0 || !isForbidden(first.errors)) {
    terminal.exitCode = first.code
    return
  }
  const api = await openApi(terminal, options)
  const id = await requestFor(terminal, api, words, first.errors, options)
  terminal.exitCode = await runWith(terminal, api, words, id, options.timeout)
}

export function runCommand(terminal: Terminal, words: readonly string[] | null): Command {
  return new Command('run')
    .description('Run a command; if the cluster forbids it, request the access, wait for it, and run it again.')
    .usage('[options] -- command...')
    .addOption(reasonOption())
    .addOption(ticketOption())
    .addOption(forOption())
    .option('--entitlement <name>', 'the entitlement to request (default: the best that allows it)')
    .option('--cluster <name>', 'the cluster (default: that of the kubeconfig’s context)')
    .option('-y, --yes', 'submit the request without a question')
    .addOption(timeoutOption())
    .addOption(serverOption())
    .addOption(contextOption())
    .addHelpText(
      'after',
      '\nThe command is never changed: it gets the access by KUBECONFIG, so it may be kubectl, helm, k9s, stern or any other\n' +
        'program that reads it. The exit code is that of the command.',
    )
    .action((options: Options) => run(terminal, words, options))
}
