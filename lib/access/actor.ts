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

type Identity = Pick<Person, 'issuer' | 'subject' | 'email' | 'emailVerified'>

/**
 * Are these two the same human being, as far as can be known? The same issuer and subject, or the same verified
 * e-mail address without regard to case (RFC 5321 §2.4 lets the local part differ by case; no real provider does).
 */
export function isSamePerson(a: Identity, b: Identity): boolean {
  if (a.issuer === b.issuer && a.subject === b.subject) return true
  if (!a.emailVerified || !b.emailVerified || !a.email || !b.email) return false
  return foldEmail(a.email) === foldEmail(b.email)
}

const foldEmail = (email: string) => email.normalize('NFKC').trim().toLowerCase()
