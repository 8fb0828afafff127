import { currentPolicy } from '#lib/adapters/policy/current'
import { type PersonActor, type Role, roles } from '#lib/core/access/actor'
import { rotaOf } from '#lib/core/access/on-call'
import { allGroups } from '#lib/core/approvals/escalation'

/** A group of a person, and what the current policy grants its members. `rota`: it is that of the person on call there. */
export type OwnGroup = { name: string; rota: string | null; roles: Role[]; mayRequest: string[]; approves: string[] }

/** The groups of this person and what each one means here, those that mean something first. */
export function ownGroups({ person }: PersonActor): OwnGroup[] {
  const { entitlements, roles: given } = currentPolicy().configuration
  const found = person.groups.map((name) => ({
    name,
    rota: rotaOf(name) ?? null,
    roles: roles.filter((role) => given[role]?.groups?.includes(name)),
    mayRequest: entitlements.filter(({ who }) => who.groups?.includes(name)).map(({ title }) => title),
    approves: entitlements
      .filter(({ approvals }) => approvals.some((step) => allGroups(step).includes(name)))
      .map(({ title }) => title),
  }))
  const isIdle = (group: OwnGroup) => group.roles.length + group.mayRequest.length + group.approves.length === 0
  return found.sort((a, b) => Number(isIdle(a)) - Number(isIdle(b)) || (a.name < b.name ? -1 : 1))
}
