import { Command } from 'commander'
import type { Grant } from '#lib/api-client/shapes'
import { pluginAnswerSeconds } from '#lib/core/grants/token-lifetime'
import { contextOption, openSession, type ServerOptions, type Session, serverOption } from '../account/session.ts'
import { CommandFailure, exitCodes } from '../exit-codes.ts'
import { line } from '../output.ts'
import { programName } from '../program-name.ts'
import type { Terminal } from '../terminal.ts'
import { type CachedCredential, deleteCredential, readCredential, writeCredential } from './credential-cache.ts'

type Options = ServerOptions & { grant: string }

/**
 * What kubectl expects on the standard output. A program that goes on running asks again after the stated time, long before
 * the token expires, and so changes to the token of an extension before the cluster refuses this one.
 */
const asExecCredential = (token: string, until: number) => ({
  apiVersion: 'client.authentication.k8s.io/v1',
  kind: 'ExecCredential',
  status: { token, expirationTimestamp: new Date(until).toISOString() },
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
    return await issue(terminal, apiOf(session), grant.id, asked)
  } catch (error) {
    deleteCredential(terminal.env, session, asked)
    if (!(error instanceof ServerRefusal) || error.status !== 404) throw error
    throw new CommandFailure(exitCodes.refused, `Postern knows no grant ${asked} of yours. See: ${programName} ls`)
  }
}

/** client-go keeps a token in its own process. It calls again at the stated time, and before that only after a 401. */
const isRefused = ({ given }: CachedCredential) => given?.to === process.ppid && Date.now() < given.until

async function answer(terminal: Terminal, options: Options) {
  const { env } = terminal
  const session = openSession(terminal, options)
  const cached = readCredential(env, session, options.grant)
  const isKept = cached && !isRefused(cached) && (await isCurrent(session, cached))
  const credential = isKept ? cached : await fetched(terminal, session, options.grant)
  const checkedAt = Date.now() - credential.checkedAt < freshMs ? credential.checkedAt : Date.now()
  const until = Math.min(Date.parse(credential.expiresAt), checkedAt + pluginAnswerSeconds * 1000)
  writeCredential(env, session, options.grant, { ...credential, checkedAt, given: { to: process.ppid, until } })
  return asExecCredential(credential.token, until)
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
      terminal.stdout.write(`${JSON.stringify(await answer(terminal, options))}\n`)
    })
}
