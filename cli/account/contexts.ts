// The servers that this person uses. Each has a name, and one is the current one.
import { rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Terminal } from '../terminal.ts'
import { UsageError } from '../usage-error.ts'
import { configFolder, readPrivately, writePrivately } from './folders.ts'
import { withLock } from './lock.ts'

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
  /** The refresh token is in the keyring of the system instead. */
  isInKeyring?: true
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
  // NB: a name such as `constructor` is one of a context only if the file has it.
  const servers: Contexts['servers'] = Object.assign(Object.create(null), stored?.servers)
  return { current: stored?.current ?? null, servers }
}

/** Changes the contexts as they are now: another `postern` may have changed them since they were read. */
export const changeContexts = (env: Env, change: (now: Contexts) => Contexts): Promise<void> =>
  withLock(fileOf(env), async () => {
    writePrivately(fileOf(env), `${JSON.stringify(change(readContexts(env)), null, 2)}\n`)
  })

export const tokensFile = (env: Env, context: string): string =>
  join(configFolder(env), 'tokens', `${checkContextName(context)}.json`)

/** The tokens for a server; undefined if the context has none, or those of another server. */
export function readTokens(env: Env, context: string, server: string): StoredTokens | undefined {
  const stored = readPrivately(tokensFile(env, context)) as StoredTokens | undefined
  return stored?.server === server ? stored : undefined
}

export const writeTokens = (env: Env, context: string, tokens: StoredTokens): void =>
  writePrivately(tokensFile(env, context), JSON.stringify(tokens))

/**
 * The refresh token of a sign-in in the keyring. Its name has the whole path of the file, so that two folders of settings never share
 * one, and the server and the provider: NB: whatever the file says later, no other provider must see the token.
 */
async function entryOf(env: Env, context: string, { server, issuer }: Pick<StoredTokens, 'server' | 'issuer'>) {
  const { keyringEntry } = await import('./keyring.ts')
  return keyringEntry(env, [resolve(tokensFile(env, context)), server, issuer].join(' '))
}

/**
 * Stores a sign-in, with its refresh token in the keyring of the system if that can be used.
 * @returns why it can't; otherwise null
 */
export async function storeSignIn(env: Env, context: string, tokens: StoredTokens): Promise<string | null> {
  const { refreshToken, ...others } = tokens
  const { NoKeyring } = await import('./keyring.ts')
  try {
    if (!refreshToken) throw new NoKeyring('the identity provider issued no refresh token')
    await (await entryOf(env, context, tokens)).set(refreshToken)
    writeTokens(env, context, { ...others, isInKeyring: true })
    return null
  } catch (error) {
    if (!(error instanceof NoKeyring)) throw error
    writeTokens(env, context, tokens)
    return error.message
  }
}

/**
 * The same tokens, with the refresh token from where it is.
 * @throws NoKeyring if it is in a keyring that can't be used
 */
export async function withRefreshToken(env: Env, context: string, stored: StoredTokens): Promise<StoredTokens> {
  if (!stored.isInKeyring) return stored
  const refreshToken = await (await entryOf(env, context, stored)).get()
  return refreshToken === null ? stored : { ...stored, refreshToken }
}

export async function forgetRefreshToken(env: Env, context: string, stored: StoredTokens): Promise<void> {
  await (await entryOf(env, context, stored)).delete()
}

export const deleteTokens = (env: Env, context: string): void => rmSync(tokensFile(env, context), { force: true })
