import { Command } from 'commander'
import { deleteCredentials } from '../kubernetes/credential-cache.ts'
import { note } from '../output.ts'
import type { Terminal } from '../terminal.ts'
import { UsageError } from '../usage-error.ts'
import {
  changeContexts,
  checkContextName,
  deleteTokens,
  forgetRefreshToken,
  readContexts,
  readTokens,
  type StoredTokens,
  withRefreshToken,
} from './contexts.ts'

type Options = { context?: string; all?: true }

/** The tokens with the refresh token, which is no longer in the keyring after it. */
async function takeFromKeyring(terminal: Terminal, context: string, known: StoredTokens): Promise<StoredTokens> {
  const { NoKeyring } = await import('./keyring.ts')
  try {
    const stored = await withRefreshToken(terminal.env, context, known)
    await forgetRefreshToken(terminal.env, context, known)
    return stored
  } catch (error) {
    if (!(error instanceof NoKeyring)) throw error
    note(terminal, `The refresh token stays in the keyring of the system, which can't be used here: ${error.message}.`)
    return known
  }
}

/** Ends one sign-in here, and at the provider if that can be reached. */
async function signOut(terminal: Terminal, context: string, server: string) {
  const { env } = terminal
  const known = readTokens(env, context, server)
  const stored = known?.isInKeyring ? await takeFromKeyring(terminal, context, known) : known
  deleteTokens(env, context)
  deleteCredentials(env, context)
  if (!stored) return terminal.stdout.write(`You were not signed in to ${server}.\n`)
  const { revoke } = await import('./sign-in.ts')
  const isRevoked = await revoke(stored).catch(() => false)
  if (!isRevoked)
    note(terminal, 'The identity provider did not confirm the end of the session. It ends there on its own.')
  return terminal.stdout.write(`Signed out of ${server}.\n`)
}

async function logout(terminal: Terminal, { context, all }: Options) {
  const { env } = terminal
  const contexts = readContexts(env)
  const name = context ?? contexts.current
  if (name !== null) checkContextName(name)
  const chosen = all ? Object.keys(contexts.servers) : name === null ? [] : [name]
  for (const one of chosen) {
    const server = contexts.servers[one]
    if (!server) throw new UsageError(`There is no context ${one}.`)
    await signOut(terminal, one, server)
  }
  if (chosen.length === 0) terminal.stdout.write('You were not signed in.\n')
  await changeContexts(env, (now) => {
    const left = Object.entries(now.servers).filter(([one]) => !chosen.includes(one))
    const current = left.some(([one]) => one === now.current) ? now.current : (left[0]?.[0] ?? null)
    return { current, servers: Object.fromEntries(left) }
  })
}

export function logoutCommand(terminal: Terminal): Command {
  return new Command('logout')
    .description('Sign out: end the session at the identity provider, and delete the tokens here.')
    .option('--context <name>', 'the server to sign out of (default: the current one)')
    .option('--all', 'sign out of every server')
    .action((options: Options) => logout(terminal, options))
}
