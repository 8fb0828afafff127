// No one decides their own request, whatever groups they are in and however many accounts they have.
import { canTellApart, type Identity, isSamePerson } from '#lib/core/access/same-person'

/** `own-request`: they are one person. `unverified`: without verified e-mail addresses they may be one person. */
export type SelfApproval = 'own-request' | 'unverified'

/** Why this person's decision would count as the requester's own; null if they are known to be two people. */
export function selfApproval(
  person: Identity,
  requester: Identity,
  isOneSubjectPerPerson: boolean,
): SelfApproval | null {
  if (isSamePerson(person, requester)) return 'own-request'
  return canTellApart(person, requester, isOneSubjectPerPerson) ? null : 'unverified'
}
