import { currentPolicy } from '#lib/adapters/policy/current'
import type { PersonActor } from '#lib/core/access/actor'
import type { Me } from '#lib/core/access/me-resource'
import manifest from '../../package.json' with { type: 'json' }

/** The signed-in person as the server knows them, and the claim of the identity provider that each field comes from. */
export async function me({ person, roles, origin }: PersonActor): Promise<Me> {
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
