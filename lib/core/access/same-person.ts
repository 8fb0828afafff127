// Whether two accounts at the identity provider belong to one human being.
import type { Person } from './actor.ts'

export type Identity = Pick<Person, 'issuer' | 'subject' | 'email' | 'emailVerified'> & {
  knownEmails?: readonly string[]
}

/**
 * Every address that was ever verified for this account, folded so that equal mailboxes are equal text. The database
 * stores and compares exactly this text, so that no second implementation of the fold exists.
 */
export const verifiedEmails = ({ email, emailVerified, knownEmails = [] }: Identity): string[] => [
  ...new Set([...knownEmails, ...(emailVerified && email ? [email] : [])].map(foldEmail)),
]

/**
 * Two accounts belong to the same person if issuer and subject are equal, or if they share a verified address, now or
 * in the past. Case is ignored: RFC 5321 §2.4 lets the local part differ by case, but no real provider does. An address
 * that passed from one person to another makes them one person too, which only keeps each from deciding the other's
 * requests.
 */
export function isSamePerson(a: Identity, b: Identity): boolean {
  if (a.issuer === b.issuer && a.subject === b.subject) return true
  const known = new Set(verifiedEmails(a))
  return verifiedEmails(b).some((email) => known.has(email))
}

/**
 * Two accounts can be told apart if both have ever had a verified address: any other account may be someone's second
 * one. If the configuration says that the provider gives each person one subject, the subjects are enough.
 */
export const canTellApart = (a: Identity, b: Identity, isOneSubjectPerPerson: boolean): boolean =>
  isOneSubjectPerPerson || [a, b].every((identity) => verifiedEmails(identity).length > 0)

/** Drops the tag that a mailbox's owner may add at will: `mina+two@…` reaches `mina@…` (RFC 5233). */
function foldEmail(email: string): string {
  const folded = email.normalize('NFKC').trim().toLowerCase()
  const at = folded.lastIndexOf('@')
  if (at < 0) return folded
  const start = folded.lastIndexOf('@', at - 1) + 1
  const beforePlus = folded.slice(start, at).search(/[^+]\+/)
  return beforePlus < 0 ? folded : folded.slice(0, start + beforePlus + 1) + folded.slice(at)
}
