// Which grant an account of an API server belongs to.
import { grantsNamespace } from '#lib/core/access/namespaces'

const prefix = `system:serviceaccount:${grantsNamespace}:postern-`

/**
 * The id of the grant whose ServiceAccount has this user name; null for any other account. That the grant exists is for the
 * database to say.
 */
export function grantOfAccount(account: string): string | null {
  if (!account.startsWith(prefix)) return null
  const id = account.slice(prefix.length)
  return /^[0-9a-hjkmnp-tv-z]{26}$/.test(id) ? `grt_${id}` : null
}
