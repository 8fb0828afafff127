import { recordEvent } from '#lib/adapters/db/audit/audit'
import { transaction } from '#lib/adapters/db/client'
import { endSession, findLiveSession, type LiveSession, type NamedSession } from '#lib/adapters/db/people/sessions'
import type { Origin, PersonActor } from '#lib/core/access/actor'
import type { SignatureFailure } from '#lib/core/signing/verify-records'
import { log } from '#lib/observability/log'
import { identitySettings } from './configuration.ts'
import { sessionFrom } from './cookies.ts'
import { personOf } from './refresh.ts'
import { rolesOf } from './roles.ts'
import { withOnCall } from './with-on-call.ts'

/** Ends a session whose records fail verification, and records that once. */
async function endForged(id: LiveSession['id'], personId: string, signatureFailure: SignatureFailure, origin: Origin) {
  log.warn(
    { reference: origin.reference, code: signatureFailure.code },
    'ended a session: its records do not have a valid signature',
  )
  await transaction(async (tx) => {
    if (!(await endSession(tx, id))) return
    const actor = { kind: 'system', component: 'sessions', origin: { ...origin, via: 'system' } } as const
    await recordEvent(tx, { type: 'record.rejected', actor, data: signatureFailure, about: { personId } })
  })
}

/** The actor that a session cookie identifies, read from the database at every call; null when the session is over. */
export async function actorOfSession(cookie: string | undefined, origin: Origin): Promise<PersonActor | null> {
  const named = await sessionFrom(cookie)
  return named ? actorOfNamed(named, origin) : null
}

/** The same, for the content of the cookie. */
export async function actorOfNamed(named: NamedSession, origin: Origin): Promise<PersonActor | null> {
  const session = await findLiveSession(named)
  if (!session) return null
  if (session.signatureFailure) {
    await endForged(session.id, named.personId, session.signatureFailure, origin)
    return null
  }
  // If the configuration now names another provider, sessions from the previous one are no longer valid.
  if (session.person.issuer !== identitySettings().issuer) return null
  const found = await personOf(session, origin)
  if (!found) return null
  const { person, areGroupsConfirmed } = found
  if (areGroupsConfirmed) return { kind: 'person', person: withOnCall(person), roles: rolesOf(person), origin }
  return { kind: 'person', person: { ...person, groups: [] }, roles: [], origin, areGroupsUnconfirmed: true }
}
