// How Postern's objects in a cluster are named and labelled.
import { createHash } from 'node:crypto'
import type { Id } from '#lib/core/access/ids'
import { grantsNamespace } from '#lib/core/access/namespaces'
import { vouchedGroup, vouchedUserName } from '#lib/core/access/vouched-user'

export const labels = {
  managedBy: 'app.kubernetes.io/managed-by',
  instance: 'postern.dev/instance',
  grant: 'postern.dev/grant',
} as const
export const annotations = {
  requester: 'postern.dev/requester',
  requestUrl: 'postern.dev/request-url',
  digest: 'postern.dev/digest',
  expiresAt: 'postern.dev/expires-at',
} as const
export const managedBy = 'postern'

/**
 * The label value that identifies this installation: host and port of its address, or a hash if they are not a valid
 * label value. Two installations may grant in one cluster (a demo beside production), and the sweep of one must not
 * delete the grants of the other. NB: an installation that moves to another address still ends its grants, but no
 * longer sweeps objects that a crash left there before the move.
 * @param url any URL of this installation
 */
export function instanceOf(url: string): string {
  const { host } = new URL(url)
  const text = host.replace(':', '_')
  if (/^[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?$/.test(text)) return text
  return createHash('sha256').update(host).digest('hex').slice(0, 32)
}

/**
 * The name of every object of a grant: `postern-` and the 26 characters of the grant's id, which are a valid DNS label.
 * @throws RangeError if the text is not the id of a grant, so that no other text becomes a name in a cluster
 */
export function objectName(grantId: string): string {
  const match = /^grt_([0-9a-hjkmnp-tv-z]{26})$/.exec(grantId)
  if (!match) throw new RangeError('not the id of a grant')
  return `postern-${match[1]}`
}

/**
 * Who acts with a grant, by the kind of subject that its RoleBindings name: a ServiceAccount of its own, or a user for whom
 * Postern vouches to the API server (decision record: Postern vouches for its own tokens).
 */
export type SubjectKind = 'ServiceAccount' | 'User'

/** The user name by which the API server knows a grant's ServiceAccount (KEP-1205, `serviceaccount.MakeUsername`). */
export const userName = (grantId: string): string => `system:serviceaccount:${grantsNamespace}:${objectName(grantId)}`

/** The groups that the API server's authenticator adds to every ServiceAccount in the grants' namespace. */
export const userGroups = [
  'system:serviceaccounts',
  `system:serviceaccounts:${grantsNamespace}`,
  'system:authenticated',
]

/** A user of the API server, as its authenticators describe the holder of a grant. */
export const subjectOf = (grantId: string, kind: SubjectKind): { user: string; groups: readonly string[] } =>
  kind === 'User'
    ? { user: vouchedUserName(grantId), groups: [vouchedGroup, 'system:authenticated'] }
    : { user: userName(grantId), groups: userGroups }

/** The grant that an object's labels name; undefined if the labels are not Postern's. */
export function grantOf(objectLabels: Record<string, string> | undefined): Id<'grant'> | undefined {
  if (objectLabels?.[labels.managedBy] !== managedBy) return undefined
  const grant = objectLabels[labels.grant]
  return grant && /^grt_[0-9a-hjkmnp-tv-z]{26}$/.test(grant) ? (grant as Id<'grant'>) : undefined
}
