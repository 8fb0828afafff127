import type { Id } from './ids.ts'

export const roles = ['auditor', 'admin'] as const
export type Role = (typeof roles)[number]

/** A person as the identity provider described them at the last check. One identity is issuer + subject. */
export type Person = {
  id: Id<'person'>
  issuer: string
  subject: string
  name: string
  email: string | null
  /** Only a verified e-mail may say that two subjects are one person. */
  emailVerified: boolean
  /** Every e-mail that was ever verified for this identity, the present one too: who changes it stays who they are. */
  knownEmails: string[]
  groups: string[]
}

/** How the actor came in: which door, from where, and the reference that log lines and error answers carry. */
export type Origin = { via: 'browser' | 'api' | 'system'; clientAddress: string | null; reference: string }

/** A signed-in person: what they are is read anew for every request, never from the request itself. */
export type PersonActor = { kind: 'person'; person: Person; roles: Role[]; origin: Origin }
/** Postern itself: the worker, the sweep. */
export type SystemActor = { kind: 'system'; component: string; origin: Origin }
export type Actor = PersonActor | SystemActor

export const hasRole = (actor: Actor, role: Role): boolean => actor.kind === 'person' && actor.roles.includes(role)

export type Identity = Pick<Person, 'issuer' | 'subject' | 'email' | 'emailVerified'> & {
  knownEmails?: readonly string[]
}

/** The verified e-mails of an identity, now and before, in the form in which they compare. */
export const verifiedEmails = ({ email, emailVerified, knownEmails = [] }: Identity): string[] => [
  ...new Set([...knownEmails, ...(emailVerified && email ? [email] : [])].map(foldEmail)),
]

/**
 * Are these two the same human being, as far as can be known? The same issuer and subject, or a verified e-mail address
 * in common, now or before, without regard to case (RFC 5321 §2.4 lets the local part differ by case; no real provider
 * does). An address that went from one person to another makes them one as well, which only keeps the one from deciding
 * what the other asked for.
 */
export function isSamePerson(a: Identity, b: Identity): boolean {
  if (a.issuer === b.issuer && a.subject === b.subject) return true
  const known = new Set(verifiedEmails(a))
  return verifiedEmails(b).some((email) => known.has(email))
}

/**
 * Can it be known that these two are different human beings? Accounts that never showed a verified e-mail can be anybody's
 * second ones. Where the configuration says that the provider gives each person one subject, the subjects are enough.
 */
export const canTellApart = (a: Identity, b: Identity, isOneSubjectPerPerson: boolean): boolean =>
  isOneSubjectPerPerson || [a, b].every((identity) => verifiedEmails(identity).length > 0)

/** Without what a mailbox's owner adds at will: `mina+two@…` reaches `mina@…` (RFC 5233). */
function foldEmail(email: string): string {
  const folded = email.normalize('NFKC').trim().toLowerCase()
  const at = folded.lastIndexOf('@')
  if (at < 0) return folded
  const start = folded.lastIndexOf('@', at - 1) + 1
  const beforePlus = folded.slice(start, at).search(/[^+]\+/)
  return beforePlus < 0 ? folded : folded.slice(0, start + beforePlus + 1) + folded.slice(at)
}
