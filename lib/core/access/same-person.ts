// Whether two accounts at the identity provider belong to one human being.
import type { Person } from './actor.ts'

export type Identity = Pick<Person, 'issuer' | 'subject' | 'email' | 'emailVerified'> & {
  knownEmails?: readonly string[]
  everVerified?: boolean
}

/**
 * Every address that was ever verified for this account, in the one form in which addresses are compared. The database
 * stores and compares exactly this text, so that no second implementation of the rule exists.
 */
export const verifiedEmails = ({ email, emailVerified, knownEmails = [] }: Identity): string[] => [
  ...new Set([...knownEmails, ...(emailVerified && email ? [email] : [])].flatMap((text) => mailboxOf(text) ?? [])),
]

/** Is the account's address verified, and one whose other spellings are recognized? */
export const hasVerifiedEmail = ({ email, emailVerified }: Identity): boolean =>
  emailVerified && email !== null && mailboxOf(email) !== null

/** Has the account ever had such an address? NB: not by `knownEmails`, which are not signed. */
export const wasEverVerified = (identity: Identity): boolean =>
  identity.everVerified === true || hasVerifiedEmail(identity)

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
  isOneSubjectPerPerson || (wasEverVerified(a) && wasEverVerified(b))

/** RFC 5321 §4.1.2 `Dot-string`, at most 64 characters: no quotes, no comments, ASCII only. */
const usualLocalPart = /^(?=.{1,64}$)[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/i

/** A domain as people write it: letters and digits of any script. Only these characters may be dots. */
const usualDomain = /^[\p{L}\p{N}\p{M}\-.\u3002\uff0e\uff61]+$/u

/** RFC 5890 A-labels. The last one is not a number, which would be an IP address. */
const asciiDomain = /^(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)*(?!\d+$)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/

/**
 * The mailbox that an address names, as text that is equal for all its spellings: in lower case, the domain in its ASCII
 * form, without the tag that its owner may add at will (`mina+two@…` reaches `mina@…`, RFC 5233). Null if it has a form
 * that mail systems read in different ways, such as a quoted local part, a comment, a trailing dot or an IP address: it
 * counts as unverified.
 */
export function mailboxOf(email: string): string | null {
  const at = email.indexOf('@')
  const [writtenLocal, writtenDomain] = [email.slice(0, at), email.slice(at + 1)]
  // NB: before it is put into lower case, which turns the Kelvin sign into a k.
  if (at < 0 || !usualLocalPart.test(writtenLocal) || !usualDomain.test(writtenDomain)) return null
  const local = writtenLocal.toLowerCase()
  const domain = URL.parse(`http://${writtenDomain}`)?.hostname ?? ''
  const beforeTag = local.search(/[^+]\+/)
  const untagged = beforeTag < 0 ? local : local.slice(0, beforeTag + 1)
  return asciiDomain.test(domain) && usualLocalPart.test(untagged) ? `${untagged}@${domain}` : null
}
