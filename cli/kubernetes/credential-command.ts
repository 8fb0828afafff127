import { Command } from 'commander'
import type { Grant } from '#lib/api-client/shapes'
import { contextOption, openSession, type ServerOptions, type Session, serverOption } from '../account/session.ts'
import { CommandFailure, exitCodes } from '../exit-codes.ts'
import { line } from '../output.ts'
import { programName } from '../program-name.ts'
import type { Terminal } from '../terminal.ts'
import { type CachedCredential, deleteCredential, readCredential, writeCredential } from './credential-cache.ts'

type Options = ServerOptions & { grant: string }

/** What kubectl expects on the standard output. */
const asExecCredential = ({ token, expiresAt }: CachedCredential) => ({
  apiVersion: 'client.authentication.k8s.io/v1',
  kind: 'ExecCredential',
  status: { token, expirationTimestamp: expiresAt },
})

/** A kept token is used without a call for this long. Then the grant may have been extended or revoked. */
const freshMs = 10_000

/** How long kubectl waits for the server while it has a token that is probably good. */
const checkTimeoutMs = 3_000

/** More extensions than a day has. */
const mostExtensions = 50

const readGrant = async (session: Session, id: string, timeoutMs?: number): Promise<Grant> => {
  const { apiOf } = await import('../server/api.ts')
  const { grant } = await import('#lib/api-client/shapes')
  return apiOf(session).call({ path: `/grants/${id}`, response: grant, ...(timeoutMs ? { timeoutMs } : {}) })
}

/** The grant that has the access today: the one in the kubeconfig, or the newest that extends it. */
async function latestOf(session: Session, id: string): Promise<Grant> {
  let found = await readGrant(session, id)
  for (let step = 0; found.supersededBy && step < mostExtensions; step++) {
    found = await readGrant(session, found.supersededBy)
  }
  return found
}

/** Is a kept token still the one to use? If the server does not respond, it probably is. */
async function isCurrent(session: Session, cached: CachedCredential): Promise<boolean> {
  if (Date.now() - cached.checkedAt < freshMs) return true
  try {
    const { status } = await readGrant(session, cached.grant, checkTimeoutMs)
    return status === 'active'
  } catch (error) {
    return error instanceof CommandFailure && error.exitCode === exitCodes.unreachable
  }
}

/** One line that says why there is no token, and what to run. */
async function whyNot(found: Grant): Promise<CommandFailure> {
  const { endInWords } = await import('../access/words.ts')
  const advice = ['ending', 'ended'].includes(found.status)
    ? `To request it again: ${programName} request --again ${found.requestId} --wait`
    : `See: ${programName} show ${found.requestId}`
  return new CommandFailure(exitCodes.refused, `${line(found.title)} ${endInWords(found)} ${advice}`)
}

async function fetched(terminal: Terminal, session: Session, asked: string): Promise<CachedCredential> {
  const { apiOf, ServerRefusal } = await import('../server/api.ts')
  const { issue } = await import('./issue.ts')
  try {
    const grant = await latestOf(session, asked)
    if (grant.status !== 'active') throw await whyNot(grant)
    return await issue(terminal, apiOf(session), grant.id, { keepAs: asked, givenTo: process.ppid })
  } catch (error) {
    deleteCredential(terminal.env, session, asked)
    if (!(error instanceof ServerRefusal) || error.status !== 404) throw error
    throw new CommandFailure(exitCodes.refused, `Postern knows no grant ${asked} of yours. See: ${programName} ls`)
  }
}

async function answer(terminal: Terminal, options: Options): Promise<CachedCredential> {
  const { env } = terminal
  const session = openSession(terminal, options)
  const cached = readCredential(env, session, options.grant)
  // client-go keeps a token in its own process, and calls again only if the API server refused it.
  if (!cached || cached.givenTo === process.ppid || !(await isCurrent(session, cached)))
    return fetched(terminal, session, options.grant)
  const checkedAt = Date.now() - cached.checkedAt < freshMs ? cached.checkedAt : Date.now()
  writeCredential(env, session, options.grant, { ...cached, checkedAt, givenTo: process.ppid })
  return cached
}

/** `postern credential`: the plugin that kubectl runs. It asks no questions. */
export function credentialCommand(terminal: Terminal): Command {
  return new Command('credential')
    .description(
      `Print a token for kubectl and other clients (an exec credential plugin). ${programName} kubeconfig sets it up.`,
    )
    .requiredOption('--grant <id>', 'the grant; if it was extended, the token is of the newest one')
    .addOption(serverOption())
    .addOption(contextOption())
    .action(async (options: Options) => {
      terminal.stdout.write(`${JSON.stringify(asExecCredential(await answer(terminal, options)))}\n`)
    })
}
