// Who may see a request and its grant.
import { hasRole, type PersonActor } from './actor.ts'

export type RequestFacts = {
  requesterId: string
  /** Every group of every approval step. */
  approverGroups: readonly string[]
  /** Everyone who has decided the request. */
  deciderIds: readonly string[]
}

export const isApprover = (actor: PersonActor, { approverGroups }: Pick<RequestFacts, 'approverGroups'>) =>
  approverGroups.some((group) => actor.person.groups.includes(group))

/** Auditors and admins may read everything. */
export const seesEverything = (actor: PersonActor): boolean => hasRole(actor, 'auditor') || hasRole(actor, 'admin')

/** What was done with a grant may be read by its holder, and by auditors and admins. Approvers see that it was granted, not its use. */
export const maySeeActivity = (actor: PersonActor, request: Pick<RequestFacts, 'requesterId'>): boolean =>
  request.requesterId === actor.person.id || seesEverything(actor)

/**
 * A request and its grant are visible to the requester, to its approvers, to anyone who decided it, and to auditors and
 * admins. For everyone else it does not exist.
 */
export const maySee = (actor: PersonActor, request: RequestFacts): boolean =>
  request.requesterId === actor.person.id ||
  seesEverything(actor) ||
  isApprover(actor, request) ||
  request.deciderIds.includes(actor.person.id)
