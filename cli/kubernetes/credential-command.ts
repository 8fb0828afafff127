import { Command } from 'commander'
import { contextOption, openSession, type ServerOptions, serverOption } from '../account/session.ts'
import { CommandFailure, exitCodes } from '../exit-codes.ts'
import { line } from '../output.ts'
import type { Terminal } from '../terminal.ts'
import { type CachedCredential, deleteCredential, readCredential, writeCredential } from './credential-cache.ts'

type Options = ServerOptions & { grant: string }

/** What kubectl expects on the standard output. */
const asExecCredential = ({ token, expiresAt }: CachedCredential) => ({
  apiVersion: 'client.authentication.k8s.io/v1',
  kind: 'ExecCredential',
  status: { token, expirationTimestamp: expiresAt },
})

/** One line that says why there is no token, and what to run. */
async function whyNot(terminal: Terminal, options: Options, error: unknown): Promise<unknown> {
  const { apiOf, ServerRefusal } = await import('../server/api.ts')
  if (!(error instanceof ServerRefusal) || ![404, 409].includes(error.status)) return error
  const { grant } = await import('../server/shapes.ts')
  const { endInWords } = await import('../access/words.ts')
  const api = apiOf(openSession(terminal, options))
  const found = await api.call({ path: `/grants/${options.grant}`, response: grant }).catch(() => null)
  if (!found)
    return new CommandFailure(exitCodes.refused, `Postern knows no grant ${options.grant} of yours. See: postern ls`)
  const advice = ['ending', 'ended'].includes(found.status)
    ? `To request it again: postern request --again ${found.requestId} --wait`
    : `See: postern show ${found.requestId}`
  return new CommandFailure(exitCodes.refused, `${line(found.title)} ${endInWords(found)} ${advice}`)
}

async function answer(terminal: Terminal, options: Options) {
  const { env } = terminal
  const session = openSession(terminal, options)
  const cached = readCredential(env, session, options.grant)
  // client-go keeps a token in its own process and asks again only if the API server refused it.
  const isRefused = cached?.givenTo === process.ppid
  if (cached && !isRefused) {
    writeCredential(env, session, options.grant, { ...cached, givenTo: process.ppid })
    return cached
  }
  const { apiOf } = await import('../server/api.ts')
  const { issue } = await import('./issue.ts')
  try {
    return await issue(terminal, apiOf(session), options.grant, process.ppid)
  } catch (error) {
    deleteCredential(env, session, options.grant)
    throw await whyNot(terminal, options, error)
  }
}

/** `postern credential`: the plugin that kubectl runs. It asks no questions. */
export function credentialCommand(terminal: Terminal): Command {
  return new Command('credential')
    .description(
      'Print a token for kubectl and other clients (an exec credential plugin). postern kubeconfig sets it up.',
    )
    .requiredOption('--grant <id>', 'the grant')
    .addOption(serverOption())
    .addOption(contextOption())
    .action(async (options: Options) => {
      terminal.stdout.write(`${JSON.stringify(asExecCredential(await answer(terminal, options)))}\n`)
    })
}
