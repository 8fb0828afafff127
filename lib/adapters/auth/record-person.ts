import { recordEvent } from '#lib/adapters/db/audit/audit'
import type { Tx } from '#lib/adapters/db/client'
import { upsertPerson } from '#lib/adapters/db/people/people'
import type { Origin, Person, PersonActor } from '#lib/core/access/actor'
import { log } from '#lib/observability/log'
import { metrics } from '#lib/observability/metrics'
import type { ClaimedIdentity } from './claims.ts'
import { identitySettings } from './configuration.ts'
import { rolesOf } from './roles.ts'

type Method = 'sign-in' | 'refresh' | 'bearer'

type Description = {
  claimed: ClaimedIdentity
  /** When the claims were true. */
  at: Date
  /** The stored person, whose name and address are kept where the claims have none. */
  known?: Person | null | undefined
  method: Method
}

const without = (groups: readonly string[], others: readonly string[]) =>
  groups.filter((group) => !others.includes(group))

/**
 * Records what the identity provider told Postern's own client about a person, and each change of their groups as an
 * event. NB: never call it with the claims of another client's token, which may list other groups.
 */
export async function recordPerson(tx: Tx, description: Description, origin: Origin): Promise<Person> {
  const { claimed, at, known, method } = description
  const { subject, name, username, email, emailVerified, manager, groups, groupsProblem, received } = claimed
  const { issuer } = identitySettings()
  const { person, previousGroups } = await upsertPerson(
    tx,
    {
      ...{ issuer, subject },
      name: name ?? known?.name ?? username ?? email ?? subject,
      username: username ?? known?.username ?? null,
      email: email === undefined ? (known?.email ?? null) : email,
      emailVerified: email === undefined ? (known?.emailVerified ?? false) : emailVerified,
      manager: manager === undefined ? (known?.manager ?? null) : manager,
      // Claims without groups mean that there are none: unconfirmed groups are not kept.
      groups: groups ?? [],
      groupsProblem: groupsProblem ?? null,
    },
    at,
    method === 'bearer' ? 'token' : 'answer',
  )
  const actor: PersonActor = { kind: 'person', person, roles: rolesOf(person), origin }
  const about = { personId: person.id }
  const gained = without(person.groups, previousGroups ?? [])
  const lost = without(previousGroups ?? [], person.groups)
  // The event of a first sign-in lists the groups itself.
  const isInOtherEvent = previousGroups === null && method === 'sign-in'
  if (!isInOtherEvent && gained.length + lost.length > 0) {
    await recordEvent(tx, { type: 'session.groups-changed', actor, data: { gained, lost }, about })
  }
  if (groupsProblem) {
    reportMissingGroups(claimed, method, origin)
    // A session is refreshed every few minutes; its history needs this once.
    if (method === 'sign-in' || known?.groupsProblem !== groupsProblem) {
      const data = { problem: groupsProblem, claim: identitySettings().groupsClaim, received }
      await recordEvent(tx, { type: 'session.groups-missing', actor, data, about })
    }
  }
  return person
}

/** Counts and logs that the identity provider sent no usable list of groups, with the names of the claims that came. */
export function reportMissingGroups({ groupsProblem, received }: ClaimedIdentity, method: Method, origin: Origin) {
  if (!groupsProblem) return
  metrics().groupsMissing.inc({ method, problem: groupsProblem })
  const { groupsClaim, apiGroupsClaim } = identitySettings()
  const claim = method === 'bearer' ? (apiGroupsClaim ?? groupsClaim) : groupsClaim
  log.info(
    { reference: origin.reference, code: groupsProblem, method, claim, received },
    'the identity provider sent no usable list of groups',
  )
}
