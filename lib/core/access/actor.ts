import type { Id } from './ids.ts'
import type { GroupsProblem } from './learn-groups.ts'

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
  /** Was an address ever verified? Signed, unlike `knownEmails`, to which an intruder in the database could add one. */
  everVerified?: boolean
  /** The name that the person signs in with, for pages. */
  username?: string | null
  /** The mailbox of the manager whom the identity provider names; counts only where the configuration names the claim. */
  manager?: string | null
  groups: string[]
  /** Why the identity provider's newest answer had no list of groups, for pages. */
  groupsProblem?: GroupsProblem | null
}

/** Where a call came from. The reference is also in the log lines and the error message of the same call. */
export type Origin = {
  via: 'browser' | 'api' | 'system'
  clientAddress: string | null
  reference: string
  /** The bearer token was issued to the client of `postern login`. */
  isTerminal?: boolean
}

/** A signed-in person. Groups and roles are read for every call, never taken from the call itself. */
export type PersonActor = {
  kind: 'person'
  person: Person
  roles: Role[]
  origin: Origin
  /** The provider has not confirmed the groups for too long (group-staleness.ts), so there are no groups and no roles. */
  areGroupsUnconfirmed?: boolean
}
/** Postern itself: the worker, the sweep. */
export type SystemActor = { kind: 'system'; component: string; origin: Origin }
export type Actor = PersonActor | SystemActor

export const hasRole = (actor: Actor, role: Role): boolean => actor.kind === 'person' && actor.roles.includes(role)
