// Calls that no holder of a grant can have made with what Postern issued.
import type { Suspicion } from '#lib/core/access/activity-resource'

/** What the database knows of the calls that one account made with one token, on behalf of one grant. */
export type UsedCredential = {
  /** The account that authenticated is not the grant's own: it impersonated the grant's account. */
  isImpersonated: boolean
  credentialId: string | null
  /** Did Postern issue this token under this grant? */
  isIssued: boolean
  /** When the last of these calls was received, and when the grant ended; null if it has not. */
  lastAt: Date
  endedAt: Date | null
}

/** The end is recorded by Postern's clock, and calls are by that of the API server. */
const clockSkewMs = 5_000

/**
 * NB: API servers before Kubernetes 1.30 name no token. A call without an id is shown as such, and is no finding, because it
 * would be one for every call there.
 */
export function suspicionsOf(used: UsedCredential): Suspicion[] {
  const { isImpersonated, credentialId, isIssued, lastAt, endedAt } = used
  const isAfterEnd = endedAt !== null && lastAt.getTime() > endedAt.getTime() + clockSkewMs
  return [
    ...(isImpersonated ? (['impersonated'] as const) : []),
    ...(!isImpersonated && credentialId !== null && !isIssued ? (['not-issued'] as const) : []),
    ...(isAfterEnd ? (['after-end'] as const) : []),
  ]
}
