import { recordEvent } from '#lib/adapters/db/audit/audit'
import { transaction } from '#lib/adapters/db/client'
import { newId } from '#lib/adapters/db/ids'
import { upsertPerson } from '#lib/adapters/db/people/people'
import { createSession, endSession } from '#lib/adapters/db/people/sessions'
import type { Origin, PersonActor } from '#lib/core/access/actor'
import { identityFrom } from './claims.ts'
import { identitySettings } from './configuration.ts'
import type { SignedIn } from './options.ts'
import { rolesOf } from './roles.ts'
import { seal } from './sealing.ts'

/**
 * Creates a session for the person that the verified claims name, ends this browser's previous session, and records
 * both.
 * @returns the content of the cookie: the ids of the session and its person
 */
export async function startSession(signedIn: SignedIn, origin: Origin, previous: string | undefined) {
  const { issuer, groupsClaim } = identitySettings()
  const claimed = identityFrom(signedIn.claims, groupsClaim)
  const id = newId('session')
  const [sealedRefreshToken, sealedIdToken] = await Promise.all([
    signedIn.refreshToken ? seal(signedIn.refreshToken, 'refresh-token', id) : null,
    signedIn.idToken ? seal(signedIn.idToken, 'id-token', id) : null,
  ])
  return transaction(async (tx) => {
    const { person } = await upsertPerson(tx, {
      issuer,
      subject: claimed.subject,
      name: claimed.name ?? claimed.email ?? claimed.subject,
      email: claimed.email ?? null,
      emailVerified: claimed.emailVerified,
      groups: claimed.groups ?? [],
    })
    const actor: PersonActor = { kind: 'person', person, roles: rolesOf(person), origin }
    const about = { personId: person.id }
    const ended = previous === undefined ? null : await endSession(tx, previous)
    if (ended?.personId === person.id) await recordEvent(tx, { type: 'session.ended', actor, data: {}, about })
    await createSession(tx, { id, personId: person.id, sealedRefreshToken, sealedIdToken })
    await recordEvent(tx, { type: 'session.started', actor, data: { groups: person.groups }, about })
    return { sid: id, per: person.id }
  })
}
