import { currentPolicy } from '#lib/adapters/policy/current'
import type { Person } from '#lib/core/access/actor'
import { withNamedGroups } from '#lib/core/access/named-people'
import { withOnCallGroups } from '#lib/core/access/rota'
import { namedPeople } from '#lib/core/access/routing'

/** The caller with Postern's own groups: those of the rotas in which they are on call now, and where a step names them. */
export function withOnCall(person: Person): Person {
  const { configuration } = currentPolicy()
  return withNamedGroups(withOnCallGroups(person, configuration.rotas, new Date()), namedPeople(configuration))
}
