import { currentPolicy } from '#lib/adapters/policy/current'
import type { Role } from '#lib/core/access/actor'
import { roles } from '#lib/core/access/actor'
import { isAmong } from '#lib/core/access/entitlement'

/** The roles that the current configuration assigns to a person with this subject and these groups. */
export function rolesOf(person: { subject: string; groups: readonly string[] }): Role[] {
  const given = currentPolicy().configuration.roles
  return roles.filter((role) => {
    const who = given[role]
    return who !== undefined && isAmong(who, person)
  })
}
