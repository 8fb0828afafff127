import { currentPolicy } from '#lib/adapters/policy/current'
import type { PersonActor } from '#lib/core/access/actor'
import type { Me } from '#lib/core/access/me-resource'
import manifest from '../../package.json' with { type: 'json' }
import { ownSessions } from './own-sessions.ts'

/** The signed-in person as the server knows them, and the claim of the identity provider that each field comes from. */
export function identity({ person, roles, origin }: PersonActor): Omit<Me, 'sessions'> {
  const { knownEmails: _, everVerified: __, manager: ___, username = null, groupsProblem = null, ...shown } = person
  const { groupsClaim, apiGroupsClaim = groupsClaim, subjectClaim } = currentPolicy().configuration.identity
  const usedGroupsClaim = origin.via === 'api' ? apiGroupsClaim : groupsClaim
  return {
    ...{ ...shown, username, groupsProblem, roles },
    version: manifest.version,
    claims: {
      issuer: 'iss',
      subject: subjectClaim,
      name: 'name',
      email: 'email',
      emailVerified: 'email_verified',
      username: 'preferred_username',
      groups: usedGroupsClaim,
      roles: `${usedGroupsClaim}, ${subjectClaim}`,
    },
  }
}

/** The same, with the browsers in which the person is signed in. */
export async function me(actor: PersonActor): Promise<Me> {
  const sessions = await ownSessions(actor, null)
  return { ...identity(actor), sessions: sessions.map(({ isThis: _, ...session }) => session) }
}
