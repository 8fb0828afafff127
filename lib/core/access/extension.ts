// "More time": a request that names access of the requester and continues it. Once the new access is active, the old one ends as
// *superseded*, so there is no gap. It is judged like any other request, and its total is bounded.

import type { Rule } from './rule.ts'
import type { EndReason, GrantStatus } from './status.ts'

/** The access that a request extends, as recorded. */
export type ExtendedGrant = {
  status: GrantStatus
  endedBy: EndReason | null
  expiresAt: Date | null
  /** When the first access of the chain began. */
  heldSince: Date
  /** Whether another request already extends it: one that waits, or one that was approved and has not ended. */
  isExtended: boolean
  entitlementName: string
  cluster: string
  namespaces: readonly string[]
  rules: readonly Rule[]
  clusterRole: string | null
}

const endedAs: Record<EndReason, string> = {
  expiry: 'expired',
  revocation: 'was revoked',
  release: 'was released',
  failure: 'failed',
  ineligible: 'ended because it was no longer permitted',
  superseded: 'was extended already',
}

/** Why this access can't be extended; null if it can. `grant` is null if there is none, or if it is another person's. */
export function whyNotExtendable(grant: ExtendedGrant | null, now: Date): string | null {
  if (!grant) return 'This is not access of yours. Remove the field to request new access.'
  if (grant.endedBy)
    return `This access can’t be extended: it ${endedAs[grant.endedBy]}. Remove the field to request new access.`
  if (grant.status !== 'active' || !grant.expiresAt) return 'This access is not active yet. Extend it once it is.'
  if (grant.expiresAt <= now)
    return 'This access can’t be extended: it expired. Remove the field to request new access.'
  if (grant.isExtended)
    return 'Another request already extends this access. Withdraw that one first, or extend the new access once it is active.'
  return null
}

/**
 * Why an extension that was already submitted counts for nothing; null if it counts. Someone who ended the access did not
 * want it to continue. NB: access that expired while its extension was decided or created still counts.
 */
export function whyExtensionVoid(grant: Pick<ExtendedGrant, 'endedBy'> | null): string | null {
  if (!grant) return 'The access that it extends is not access of the requester.'
  if (grant.endedBy === null || grant.endedBy === 'expiry') return null
  return `The access that it extends ${endedAs[grant.endedBy]}. The requester can submit a new request.`
}

type Durations = { duration: { max: number; maxTotal?: number | undefined } }

/** The most seconds that access may last with all its extensions, counted from when the first began. */
export const longestTotal = ({ duration }: Durations): number => Math.max(duration.maxTotal ?? 0, duration.max)

/** When access with all its extensions ends at the latest. */
export const latestEnd = (heldSince: Date, entitlement: Durations): Date =>
  new Date(heldSince.getTime() + longestTotal(entitlement) * 1000)

/** Whole minutes, in seconds, that an extension may last if it begins now. */
export const secondsLeft = (heldSince: Date, entitlement: Durations, now: Date): number =>
  Math.floor((latestEnd(heldSince, entitlement).getTime() - now.getTime()) / 60_000) * 60

/** Seconds of access with all its extensions, if another `durationSeconds` begin now. */
export const totalSeconds = (heldSince: Date, durationSeconds: number, now: Date): number =>
  durationSeconds + Math.max(0, Math.floor((now.getTime() - heldSince.getTime()) / 1000))

/** "More time" is offered in the last quarter, so that approvers are not asked for what is not needed. It is possible before. */
export const isLastQuarter = (activatedAt: Date, expiresAt: Date, now: Date): boolean =>
  now < expiresAt && (expiresAt.getTime() - now.getTime()) * 4 <= expiresAt.getTime() - activatedAt.getTime()
