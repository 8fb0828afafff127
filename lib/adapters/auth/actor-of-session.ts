import { recordEvent } from '#lib/adapters/db/audit/audit'
import { transaction } from '#lib/adapters/db/client'
import { endSession, findLiveSession, type LiveSession } from '#lib/adapters/db/people/sessions'
import type { Origin, PersonActor } from '#lib/core/access/actor'
import type { SignatureFailure } from '#lib/core/signing/verify-records'
import { log } from '#lib/observability/log'
import { identitySettings } from './configuration.ts'
import { sessionFrom } from './cookies.ts'
import { personOf } from './refresh.ts'
import { rolesOf } from './roles.ts'

/** Ends a session that rests on what Postern did not write, and records it, once. */
async function endForged(id: LiveSession['id'], personId: string, signatureFailure: SignatureFailure, origin: Origin) {
  log.warn(
    { reference: origin.reference, code: signatureFailure.code },
    'a session ends: Postern did not write what it rests on',
  )
  await transaction(async (tx) => {
    if (!(await endSession(tx, id))) return
    const actor = { kind: 'system', component: 'sessions', origin: { ...origin, via: 'system' } } as const
    await recordEvent(tx, { type: 'record.rejected', actor, data: signatureFailure, about: { personId } })
  })
}

/** Who the session cookie stands for, read anew from the database; null when it stands for nobody any more. */
export async function actorOfSession(cookie: string | undefined, origin: Origin): Promise<PersonActor | null> {
  const named = await sessionFrom(cookie)
  const session = named === undefined ? null : await findLiveSession(named)
  if (!named || !session) return null
  if (session.signatureFailure) {
    await endForged(session.id, named.personId, session.signatureFailure, origin)
    return null
  }
  // Where the configuration names another provider now, what the former one said counts for nothing.
  if (session.person.issuer !== identitySettings().issuer) return null
  const person = await personOf(session, origin)
  return person && { kind: 'person', person, roles: rolesOf(person), origin }
}
