import { Command } from 'commander'
import { deleteCredentials } from '../kubernetes/credential-cache.ts'
import { note } from '../output.ts'
import type { Terminal } from '../terminal.ts'
import { UsageError } from '../usage-error.ts'
import { checkContextName, deleteTokens, readContexts, readTokens, writeContexts } from './contexts.ts'

type Options = { context?: string; all?: true }

/** Ends one sign-in here, and at the provider if that can be reached. */
async function signOut(terminal: Terminal, context: string, server: string) {
  const { env } = terminal
  const stored = readTokens(env, context, server)
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
  const left = Object.entries(contexts.servers).filter(([one]) => !chosen.includes(one))
  const current = left.some(([one]) => one === contexts.current) ? contexts.current : (left[0]?.[0] ?? null)
  writeContexts(env, { current, servers: Object.fromEntries(left) })
}

export function logoutCommand(terminal: Terminal): Command {
  return new Command('logout')
    .description('Sign out: end the session at the identity provider, and delete the tokens here.')
    .option('--context <name>', 'the server to sign out of (default: the current one)')
    .option('--all', 'sign out of every server')
    .action((options: Options) => logout(terminal, options))
}
