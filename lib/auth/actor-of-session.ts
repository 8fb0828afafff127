import type { Origin, PersonActor } from '#lib/access/actor'
import { findLiveSession } from '#lib/db/sessions'
import { identitySettings } from './configuration.ts'
import { sessionIdFrom } from './cookies.ts'
import { personOf } from './refresh.ts'
import { rolesOf } from './roles.ts'

/** Who the session cookie stands for, read anew from the database; null when it stands for nobody any more. */
export async function actorOfSession(cookie: string | undefined, origin: Origin): Promise<PersonActor | null> {
  const id = await sessionIdFrom(cookie)
  const session = id === undefined ? null : await findLiveSession(id)
  // Where the configuration names another provider now, what the former one said counts for nothing.
  if (!session || session.person.issuer !== identitySettings().issuer) return null
  const person = await personOf(session, origin)
  return person && { kind: 'person', person, roles: rolesOf(person), origin }
}
