// Tokens of grants, kept until shortly before they expire, because kubectl asks for one each time it runs.
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { cacheFolder, readPrivately, writePrivately } from '../account/folders.ts'
import type { Session } from '../account/session.ts'
import type { Terminal } from '../terminal.ts'
import { UsageError } from '../usage-error.ts'

type Env = Terminal['env']

export type CachedCredential = {
  server: string
  /** The grant that it is of: the one in the kubeconfig, or the newest that extends it. */
  grant: string
  token: string
  /** RFC 3339. */
  expiresAt: string
  /** When its grant was last known to be active: milliseconds since 1970. */
  checkedAt: number
  /**
   * The process that the plugin gave it to, and until when, in milliseconds since 1970. If the same process asks for another
   * before that, the cluster has refused this one.
   */
  given?: { to: number; until: number }
}

/** A token is not used for its last seconds, or it could expire on its way. */
const marginMs = 20_000

/** NB: the id becomes a file name. */
function checkGrantId(id: string): string {
  if (!/^grt_[0-9a-z]{26}$/.test(id)) throw new UsageError('The id of a grant is grt_ and 26 characters.')
  return id
}

const folderOf = (env: Env, context: string) => join(cacheFolder(env), 'credentials', context)
const fileOf = (env: Env, context: string, grant: string) => join(folderOf(env, context), `${checkGrantId(grant)}.json`)

/** The token of a grant, if it is still good for a call. */
export function readCredential(env: Env, { context, server }: Session, grant: string): CachedCredential | undefined {
  const cached = readPrivately(fileOf(env, context, grant)) as CachedCredential | undefined
  const isGood = cached?.server === server && Date.parse(cached.expiresAt) > Date.now() + marginMs
  return isGood ? cached : undefined
}

export const writeCredential = (env: Env, session: Session, grant: string, credential: CachedCredential): void =>
  writePrivately(fileOf(env, session.context, grant), JSON.stringify(credential))

export const deleteCredential = (env: Env, { context }: Session, grant: string): void =>
  rmSync(fileOf(env, context, grant), { force: true })

export const deleteCredentials = (env: Env, context: string): void =>
  rmSync(folderOf(env, context), { recursive: true, force: true })
