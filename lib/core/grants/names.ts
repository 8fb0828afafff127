// What is Postern's in a cluster, and what is it called?
import { createHash } from 'node:crypto'
import type { Id } from '#lib/core/access/ids'
import { grantsNamespace } from '#lib/core/access/namespaces'

export const labels = {
  managedBy: 'app.kubernetes.io/managed-by',
  instance: 'postern.dev/instance',
  grant: 'postern.dev/grant',
} as const
export const annotations = {
  requester: 'postern.dev/requester',
  requestUrl: 'postern.dev/request-url',
  expiresAt: 'postern.dev/expires-at',
} as const
export const managedBy = 'postern'

/**
 * Which Postern made it, by where its people open it: two of them (a demo beside the real one, one for each company) may
 * grant in one cluster, and the sweep of one must not end the grants of the other. The host with its port where that is
 * a label's value (at most 63 of `A-Za-z0-9-_.`), else a hash of it. An installation that moves to another address
 * still ends what it granted before; it only no longer sweeps what a crash left there.
 * @param url any address of this Postern
 */
export function instanceOf(url: string): string {
  const { host } = new URL(url)
  const text = host.replace(':', '_')
  if (/^[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?$/.test(text)) return text
  return createHash('sha256').update(host).digest('hex').slice(0, 32)
}

/**
 * The name of every object of a grant: `postern-` and the 26 characters of its id, which are a DNS label as they are.
 * @throws RangeError for a text that is no grant's id: nothing else may become a name in a cluster
 */
export function objectName(grantId: string): string {
  const match = /^grt_([0-9a-hjkmnp-tv-z]{26})$/.exec(grantId)
  if (!match) throw new RangeError('not the id of a grant')
  return `postern-${match[1]}`
}

/** As whom the API server sees the holder of a grant (KEP-1205, `serviceaccount.MakeUsername`). */
export const userName = (grantId: string): string => `system:serviceaccount:${grantsNamespace}:${objectName(grantId)}`

/** The groups that the API server's authenticator gives every ServiceAccount of the grants' namespace. */
export const userGroups = [
  'system:serviceaccounts',
  `system:serviceaccounts:${grantsNamespace}`,
  'system:authenticated',
]

/** Which grant do these labels say that an object belongs to? Undefined where they are not Postern's. */
export function grantOf(objectLabels: Record<string, string> | undefined): Id<'grant'> | undefined {
  if (objectLabels?.[labels.managedBy] !== managedBy) return undefined
  const grant = objectLabels[labels.grant]
  return grant && /^grt_[0-9a-hjkmnp-tv-z]{26}$/.test(grant) ? (grant as Id<'grant'>) : undefined
}
