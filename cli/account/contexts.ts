// The servers that this person uses. Each has a name, and one is the current one.
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Terminal } from '../terminal.ts'
import { UsageError } from '../usage-error.ts'
import { configFolder, readPrivately, writePrivately } from './folders.ts'

type Env = Terminal['env']

export type Contexts = { current: string | null; servers: Record<string, string> }

export type StoredTokens = {
  /** The only server that the token may be sent to. */
  server: string
  issuer: string
  clientId: string
  resource?: string
  accessToken: string
  /** Milliseconds since 1970. */
  expiresAt: number
  refreshToken?: string
}

const fileOf = (env: Env) => join(configFolder(env), 'contexts.json')

/** NB: names become file names. */
const namePattern = /^[A-Za-z0-9][A-Za-z0-9.-]{0,99}$/

export function checkContextName(name: string): string {
  if (!namePattern.test(name)) throw new UsageError('The name of a context may have letters, digits, dots and dashes.')
  return name
}

/** The name of a server that gets none: its host, with the port if it has one. */
export const contextNameOf = (server: string): string => new URL(server).host.replace(/[^A-Za-z0-9.-]/g, '-')

export function readContexts(env: Env): Contexts {
  const stored = readPrivately(fileOf(env)) as Partial<Contexts> | undefined
  return { current: stored?.current ?? null, servers: stored?.servers ?? {} }
}

export const writeContexts = (env: Env, contexts: Contexts): void =>
  writePrivately(fileOf(env), `${JSON.stringify(contexts, null, 2)}\n`)

export const tokensFile = (env: Env, context: string): string =>
  join(configFolder(env), 'tokens', `${checkContextName(context)}.json`)

/** The tokens for a server; undefined if the context has none, or those of another server. */
export function readTokens(env: Env, context: string, server: string): StoredTokens | undefined {
  const stored = readPrivately(tokensFile(env, context)) as StoredTokens | undefined
  return stored?.server === server ? stored : undefined
}

export const writeTokens = (env: Env, context: string, tokens: StoredTokens): void =>
  writePrivately(tokensFile(env, context), JSON.stringify(tokens))

export const deleteTokens = (env: Env, context: string): void => rmSync(tokensFile(env, context), { force: true })
