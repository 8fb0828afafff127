// Who may act on a request or its grant. Who may see it: may-see.ts. Who may decide it: lib/core/approvals/may-decide.ts.
import { hasRole, type PersonActor } from './actor.ts'
import type { May } from './may.ts'
import { isApprover, type RequestFacts } from './may-see.ts'
import type { GrantStatus, RequestStatus } from './status.ts'

const allowed = { may: true } as const
const denied = (why: string) => ({ may: false, why }) as const

/** Only the requester may withdraw a request, and only while it is pending. */
export function mayWithdraw(actor: PersonActor, request: { requesterId: string; status: RequestStatus }): May {
  if (request.requesterId !== actor.person.id) return denied('Only the requester can withdraw this request.')
  if (request.status === 'lapsed') return denied('This request can’t be withdrawn: it expired before it was decided.')
  if (request.status !== 'pending') return denied(`This request can’t be withdrawn: it is already ${request.status}.`)
  return allowed
}

type GrantFacts = { status: GrantStatus } | null

function whyNotEndable(grant: GrantFacts): string | undefined {
  if (!grant) return 'There is no access to end.'
  if (grant.status === 'ending') return 'This access is already ending.'
  if (grant.status === 'ended') return 'This access has already ended.'
  return undefined
}

/** Anyone who may approve a request may revoke its access, and so may an admin, even if they approved nothing. */
export function mayRevoke(actor: PersonActor, request: Pick<RequestFacts, 'approverGroups'>, grant: GrantFacts): May {
  if (!isApprover(actor, request) && !hasRole(actor, 'admin'))
    return denied('Only an approver of this request or an admin can revoke its access.')
  const why = whyNotEndable(grant)
  return why ? denied(why) : allowed
}

/** Only the holder may release their access. */
export function mayRelease(actor: PersonActor, request: Pick<RequestFacts, 'requesterId'>, grant: GrantFacts): May {
  if (request.requesterId !== actor.person.id) return denied('Only the holder can release this access.')
  const why = whyNotEndable(grant)
  return why ? denied(why) : allowed
}

/** Only the holder may extend their access, and only while it is active. Whether a request for that is permitted is judged then. */
export function mayExtend(
  actor: PersonActor,
  request: Pick<RequestFacts, 'requesterId'>,
  grant: { status: GrantStatus; expiresAt: Date | null } | null,
  now: Date,
): May {
  if (request.requesterId !== actor.person.id) return denied('Only the holder can extend this access.')
  if (!grant || grant.status === 'pending') return denied('This access is not active yet.')
  if (grant.status !== 'active') return denied(whyNotEndable(grant) ?? 'This access has already ended.')
  if (!grant.expiresAt || grant.expiresAt <= now) return denied('This access has expired.')
  return allowed
}

/** Only the holder is issued a credential, and only while the access is active and has not expired. */
export function mayIssueCredential(
  actor: PersonActor,
  request: Pick<RequestFacts, 'requesterId'>,
  grant: { status: GrantStatus; expiresAt: Date | null } | null,
  now: Date,
): May {
  if (request.requesterId !== actor.person.id) return denied('Only the holder can get a credential for this access.')
  if (!grant) return denied('There is no access yet.')
  if (grant.status === 'pending') return denied('This access is not active yet.')
  if (grant.status !== 'active') return denied(whyNotEndable(grant) ?? 'This access has already ended.')
  if (!grant.expiresAt || grant.expiresAt <= now) return denied('This access has expired.')
  return allowed
}
