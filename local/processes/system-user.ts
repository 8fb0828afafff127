import { chmodSync, chownSync, readFileSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

export type SystemUser = { name: string; uid: number; gid: number }

/**
 * The user that PostgreSQL runs as; undefined means the current user. PostgreSQL refuses to run as root, so for root it
 * is `postgres` if that user exists, otherwise `nobody`. Never creates a user.
 */
export function databaseUser(): SystemUser | undefined {
  if (process.getuid?.() !== 0) return undefined
  const users = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .map(([name = '', , uid, gid]) => ({ name, uid: Number(uid), gid: Number(gid) }))
  const user = users.find(({ name }) => name === 'postgres') ?? users.find(({ name }) => name === 'nobody')
  if (!user?.uid) throw new Error('PostgreSQL cannot run as root, and this system has no user postgres or nobody')
  return user
}

/** True if `user` may enter `directory` and every directory above it. */
export function isReachable(directory: string, user: SystemUser): boolean {
  const { mode, uid, gid } = statSync(directory)
  const mayEnter = uid === user.uid ? mode & 0o100 : gid === user.gid ? mode & 0o010 : mode & 0o001
  return mayEnter !== 0 && (dirname(directory) === directory || isReachable(dirname(directory), user))
}

/**
 * Lets the database's user pass through `directory` without listing it. Does nothing unless root runs this, because
 * otherwise PostgreSQL runs as the same user.
 */
export function letDatabaseUserPass(directory: string) {
  const user = databaseUser()
  if (!user) return
  chownSync(directory, 0, user.gid)
  chmodSync(directory, 0o710)
}
