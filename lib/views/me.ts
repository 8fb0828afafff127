import { currentPolicy } from '#lib/adapters/policy/current'
import type { PersonActor } from '#lib/core/access/actor'
import type { Me } from '#lib/core/access/me-resource'

/** The signed-in person as the server knows them, and the claim of the identity provider that each field comes from. */
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
