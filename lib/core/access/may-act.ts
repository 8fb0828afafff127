// Who may see a request and act on it, besides deciding it (lib/core/approvals/may-decide.ts)?
import { hasRole, type PersonActor } from './actor.ts'
import type { May } from './resources.ts'
import type { GrantStatus, RequestStatus } from './status.ts'

type RequestFacts = {
  requesterId: string
  /** Every group of every step of the request. */
  approverGroups: readonly string[]
  /** Everybody who has decided it. */
  deciderIds: readonly string[]
}

const yes = { may: true } as const
const no = (why: string) => ({ may: false, why }) as const

const isApprover = (actor: PersonActor, { approverGroups }: Pick<RequestFacts, 'approverGroups'>) =>
  approverGroups.some((group) => actor.person.groups.includes(group))

/** May this person read everything? */
export const seesEverything = (actor: PersonActor): boolean => hasRole(actor, 'auditor') || hasRole(actor, 'admin')

/** May this person know that the request exists, and read it and its grant? To all others it is not there. */
export const maySee = (actor: PersonActor, request: RequestFacts): boolean =>
  request.requesterId === actor.person.id ||
  seesEverything(actor) ||
  isApprover(actor, request) ||
  request.deciderIds.includes(actor.person.id)

/** Only the requester withdraws, and only while nobody has decided. */
export function mayWithdraw(actor: PersonActor, request: { requesterId: string; status: RequestStatus }): May {
  if (request.requesterId !== actor.person.id) return no('Only the requester may withdraw a request.')
  if (request.status !== 'pending') return no(`This request is ${request.status}: there is nothing to withdraw.`)
  return yes
}

type GrantFacts = { status: GrantStatus } | null

function whyNotEnded(grant: GrantFacts): string | undefined {
  if (!grant) return 'There is no access to end.'
  if (grant.status === 'ending') return 'The access is ending already.'
  if (grant.status === 'ended') return 'The access is over already.'
  return undefined
}

/** Whoever may say yes may take it back, and so may an admin: in whose favour it is does not matter. */
export function mayRevoke(actor: PersonActor, request: Pick<RequestFacts, 'approverGroups'>, grant: GrantFacts): May {
  if (!isApprover(actor, request) && !hasRole(actor, 'admin'))
    return no('Only those who may approve it, or an admin, may revoke access.')
  const why = whyNotEnded(grant)
  return why ? no(why) : yes
}

/** Only the holder gives access back. */
export function mayRelease(actor: PersonActor, request: Pick<RequestFacts, 'requesterId'>, grant: GrantFacts): May {
  if (request.requesterId !== actor.person.id) return no('Only its holder may give access back.')
  const why = whyNotEnded(grant)
  return why ? no(why) : yes
}

/** Only the holder takes a credential, and only while the access works. */
export function mayIssueCredential(
  actor: PersonActor,
  request: Pick<RequestFacts, 'requesterId'>,
  grant: { status: GrantStatus; expiresAt: Date | null } | null,
  now: Date,
): May {
  if (request.requesterId !== actor.person.id) return no('Only the holder may take a credential.')
  if (!grant) return no('There is no access yet.')
  if (grant.status === 'pending') return no('The access is being made.')
  if (grant.status !== 'active') return no(whyNotEnded(grant) ?? 'The access is over.')
  if (!grant.expiresAt || grant.expiresAt <= now) return no('The time is over: the access ends now.')
  return yes
}
