import type { Id } from './ids.ts'

export const roles = ['auditor', 'admin'] as const
export type Role = (typeof roles)[number]

/** A person as the identity provider last described them. One account is one issuer and subject. */
export type Person = {
  id: Id<'person'>
  issuer: string
  subject: string
  name: string
  email: string | null
  /** Only a verified e-mail address counts in same-person.ts. */
  emailVerified: boolean
  /** Every address that was ever verified for this account, so that changing it does not make them a new person. */
  knownEmails: string[]
  groups: string[]
}

/** Where a call came from. The reference is also in the log lines and the error message of the same call. */
export type Origin = { via: 'browser' | 'api' | 'system'; clientAddress: string | null; reference: string }

/** A signed-in person. Groups and roles are read for every call, never taken from the call itself. */
export type PersonActor = { kind: 'person'; person: Person; roles: Role[]; origin: Origin }
/** Postern itself: the worker, the sweep. */
export type SystemActor = { kind: 'system'; component: string; origin: Origin }
export type Actor = PersonActor | SystemActor

export const hasRole = (actor: Actor, role: Role): boolean => actor.kind === 'person' && actor.roles.includes(role)
