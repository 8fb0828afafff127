// Which grant an account of an API server belongs to.
import { grantsNamespace } from '#lib/core/access/namespaces'
import { grantOfVouchedUser } from '#lib/core/access/vouched-user'

const prefix = `system:serviceaccount:${grantsNamespace}:postern-`

/**
 * The id of the grant whose ServiceAccount or user has this name; null for any other account. That the grant exists is for the
 * database to say.
 */
export function grantOfAccount(account: string): string | null {
  if (!account.startsWith(prefix)) return grantOfVouchedUser(account)
  const id = account.slice(prefix.length)
  return /^[0-9a-hjkmnp-tv-z]{26}$/.test(id) ? `grt_${id}` : null
}
