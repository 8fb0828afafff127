// Who calls the server: the token in POSTERN_TOKEN or in a file, or the sign-in of a context.
import { readFileSync } from 'node:fs'
import { Option } from 'commander'
import { CommandFailure, exitCodes } from '../exit-codes.ts'
import { fileErrorMessage } from '../file-error.ts'
import { programName } from '../program-name.ts'
import { serverOrigin } from '../server/address.ts'
import type { Api } from '../server/api.ts'
import type { Terminal } from '../terminal.ts'
import { UsageError } from '../usage-error.ts'
import {
  contextNameOf,
  readContexts,
  readTokens,
  type StoredTokens,
  storeSignIn,
  tokensFile,
  withRefreshToken,
  writeTokens,
} from './contexts.ts'
import { withLock } from './lock.ts'

export type Session = {
  /** The name of the server here. */
  context: string
  server: string
  /** A valid access token. `isRefused`: the server refused the last one. */
  token(isRefused?: boolean): Promise<string>
}

export type ServerOptions = { server?: string; context?: string }

export const serverOption = () => new Option('--server <url>', 'URL of the Postern server').env('POSTERN_SERVER')
export const contextOption = () =>
  new Option('--context <name>', 'a server you signed in to (default: the current one)').env('POSTERN_CONTEXT')

/** A token is renewed this long before it expires, so that it does not expire on its way. */
const marginMs = 30_000

const signedOut = (server: string) =>
  new CommandFailure(exitCodes.notSignedIn, `You are not signed in to ${server}.\nRun: ${programName} login ${server}`)

/** The token of a machine. It is never stored, and it can't be renewed. */
function machineSession(token: string, server: string): Session {
  return {
    context: contextNameOf(server),
    server,
    token: async (isRefused) => {
      if (!isRefused) return token
      throw new CommandFailure(exitCodes.notSignedIn, `${server} refused the token in POSTERN_TOKEN. Set a new one.`)
    },
  }
}

/** The token of a workload, in a file that something else renews while this runs, such as a projected volume. */
function workloadSession(file: string, server: string): Session {
  const read = () => {
    try {
      return readFileSync(file, 'utf8').trim()
    } catch (error) {
      throw new UsageError(`${file}: ${fileErrorMessage(error)}`)
    }
  }
  let refused = ''
  let used = ''
  return {
    context: contextNameOf(server),
    server,
    token: async (isRefused) => {
      if (isRefused) refused = used
      used = read()
      if (used !== '' && used !== refused) return used
      const message = used === '' ? `${file} is empty.` : `${server} refused the token in ${file}.`
      throw new CommandFailure(exitCodes.notSignedIn, `${message} Wait until it has a new one.`)
    },
  }
}

/** The same tokens, with the refresh token from the keyring. */
async function complete(env: Terminal['env'], context: string, stored: StoredTokens): Promise<StoredTokens> {
  if (!stored.isInKeyring) return stored
  const { NoKeyring } = await import('./keyring.ts')
  return withRefreshToken(env, context, stored).catch((error: unknown) => {
    if (!(error instanceof NoKeyring)) throw error
    throw new CommandFailure(
      exitCodes.notSignedIn,
      `Your sign-in to ${stored.server} is in the keyring of the system, which can't be used here: ${error.message}.\n` +
        `Run: ${programName} login ${stored.server}`,
    )
  })
}

async function renewed(env: Terminal['env'], context: string, server: string, used: string): Promise<string> {
  // A locked keyring is unlocked first: the lock below would be taken for a stale one meanwhile.
  const before = readTokens(env, context, server)
  if (before) await complete(env, context, before)
  return withLock(tokensFile(env, context), async () => {
    const known = readTokens(env, context, server)
    // Another process may have renewed it meanwhile.
    if (known && known.accessToken !== used && known.expiresAt > Date.now() + marginMs) return known.accessToken
    const stored = known && (await complete(env, context, known))
    if (!stored?.refreshToken) throw signedOut(server)
    const { refresh } = await import('./sign-in.ts')
    const tokens: StoredTokens | null = await refresh(stored)
    if (!tokens) throw signedOut(server)
    if (stored.isInKeyring) await storeSignIn(env, context, tokens)
    else writeTokens(env, context, tokens)
    return tokens.accessToken
  })
}

function personalSession(env: Terminal['env'], context: string, server: string): Session {
  return {
    context,
    server,
    token: async (isRefused = false) => {
      const stored = readTokens(env, context, server)
      if (!stored) throw signedOut(server)
      const isUsable = !isRefused && stored.expiresAt > Date.now() + marginMs
      return isUsable ? stored.accessToken : renewed(env, context, server, stored.accessToken)
    },
  }
}

/** The context and the server that the options, the environment or the last sign-in name. */
function chosen(env: Terminal['env'], options: ServerOptions): { context: string; server: string } {
  const { current, servers } = readContexts(env)
  if (options.server) {
    const server = serverOrigin(options.server)
    const known = Object.entries(servers).find(([, url]) => url === server)
    return { context: known?.[0] ?? contextNameOf(server), server }
  }
  const context = options.context ?? current
  const server = context === null ? undefined : servers[context]
  if (context !== null && server) return { context, server }
  if (options.context)
    throw new UsageError(
      `There is no context ${options.context}. Run: ${programName} login --context ${options.context} URL`,
    )
  throw new CommandFailure(
    exitCodes.notSignedIn,
    `You are not signed in.\nRun: ${programName} login URL-OF-YOUR-POSTERN-SERVER`,
  )
}

export function openSession({ env }: Terminal, options: ServerOptions): Session {
  const { context, server } = chosen(env, options)
  if (env.POSTERN_TOKEN) return machineSession(env.POSTERN_TOKEN.trim(), server)
  if (env.POSTERN_TOKEN_FILE) return workloadSession(env.POSTERN_TOKEN_FILE, server)
  return personalSession(env, context, server)
}

/** Where the token of a call is from, in words. */
export function tokenSource({ env }: Terminal, { context, server }: Session): string {
  if (env.POSTERN_TOKEN) return 'POSTERN_TOKEN'
  if (env.POSTERN_TOKEN_FILE) return `POSTERN_TOKEN_FILE, ${env.POSTERN_TOKEN_FILE}`
  const isInKeyring = readTokens(env, context, server)?.isInKeyring === true
  return `${programName} login; the refresh token is in ${isInKeyring ? 'the keyring of the system' : tokensFile(env, context)}`
}

/** NB: loaded only here, because the plugin of kubectl mostly needs no call. */
export async function openApi(terminal: Terminal, options: ServerOptions): Promise<Api> {
  const session = openSession(terminal, options)
  const { apiOf } = await import('../server/api.ts')
  return apiOf(session)
}
