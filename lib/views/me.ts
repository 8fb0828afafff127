import { currentPolicy } from '#lib/adapters/policy/current'
import type { PersonActor } from '#lib/core/access/actor'
import type { Me } from '#lib/core/access/me-resource'

/** Who the server thinks this is, and which claim of the identity provider each field came from. */
export async function me({ person, roles }: PersonActor): Promise<Me> {
  const { knownEmails: _, ...shown } = person
  const { groupsClaim } = currentPolicy().configuration.identity
  return {
    ...shown,
    roles,
    claims: {
      issuer: 'iss',
      subject: 'sub',
      name: 'name',
      email: 'email',
      emailVerified: 'email_verified',
      groups: groupsClaim,
      roles: `${groupsClaim}, sub`,
    },
  }
}
