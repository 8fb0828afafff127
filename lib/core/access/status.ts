// The words of the domain. Each has one meaning, in code, API, database and on screen:
//
// entitlement  What people may request: clusters, namespaces, permissions, longest duration, and who approves.
// submission   What a requester sends in: an entitlement, where, for how long, and why.
// terms        What a decision binds: exactly who may do what, where, for how long, from when. Their hash is the digest.
// request      The stored submission with its terms.
// limit        A built-in check of every request; no configuration turns it off.
// guardrail    A check of the policy, which is the current version of postern.yaml.
// verdict      What all limits and guardrails say of a request: every violation, every warning, what they require.
// decision     One approver's approval or denial. An approval may narrow the terms, never widen them.
// grant        The access itself: one ServiceAccount, Roles and RoleBindings in one cluster, until it ends.
// credential   A short-lived token of that ServiceAccount, issued to the holder of the grant.
//
// Below are the two status machines. The database enforces them in triggers (prisma/migrations/*/migration.sql);
// lib/adapters/db/status.db.test.ts compares the two.

/** `lapsed`: the request expired before it was decided. */
export const requestStatuses = ['pending', 'approved', 'denied', 'withdrawn', 'lapsed'] as const
export type RequestStatus = (typeof requestStatuses)[number]

export const grantStatuses = ['pending', 'active', 'ending', 'ended'] as const
export type GrantStatus = (typeof grantStatuses)[number]

/**
 * Why a grant ended. `failure`: the cluster refused it permanently before it became active. `ineligible`: the requester
 * or an approver is no longer eligible, or the policy no longer permits it. `superseded`: an extension continues it.
 */
export const endReasons = ['expiry', 'revocation', 'release', 'failure', 'ineligible', 'superseded'] as const
export type EndReason = (typeof endReasons)[number]

export const requestMoves: Record<RequestStatus, readonly RequestStatus[]> = {
  pending: ['approved', 'denied', 'withdrawn', 'lapsed'],
  approved: [],
  denied: [],
  withdrawn: [],
  lapsed: [],
}

/**
 * A pending grant ends through `ending` too: some of its objects may exist, and Postern has to delete and probe them. An
 * ended grant never lives again; it ends again if the end that is recorded is not one that a worker signed.
 */
export const grantMoves: Record<GrantStatus, readonly GrantStatus[]> = {
  pending: ['active', 'ending'],
  active: ['ending'],
  ending: ['ended'],
  ended: ['ending'],
}
