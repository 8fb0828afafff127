// The two status machines of Postern. The database holds the same table in a trigger
// (prisma/migrations/*/migration.sql); a test compares the two.

export const requestStatuses = ['pending', 'approved', 'denied', 'withdrawn', 'lapsed'] as const
export type RequestStatus = (typeof requestStatuses)[number]

export const grantStatuses = ['pending', 'active', 'ending', 'ended'] as const
export type GrantStatus = (typeof grantStatuses)[number]

/**
 * Why a grant ended. `failure`: the cluster refused it for good before it ever became active. `ineligible`: the
 * requester or an approver lost what made them eligible, or the guardrails no longer permit it.
 */
export const endReasons = ['expiry', 'revocation', 'release', 'failure', 'ineligible'] as const
export type EndReason = (typeof endReasons)[number]

export const requestMoves: Record<RequestStatus, readonly RequestStatus[]> = {
  pending: ['approved', 'denied', 'withdrawn', 'lapsed'],
  approved: [],
  denied: [],
  withdrawn: [],
  lapsed: [],
}

/** A pending grant may go to `ending`: half of its objects may exist, so it ends like every other, by removal and proof. */
export const grantMoves: Record<GrantStatus, readonly GrantStatus[]> = {
  pending: ['active', 'ending'],
  active: ['ending'],
  ending: ['ended'],
  ended: [],
}
