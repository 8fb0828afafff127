import { currentPolicy } from '#lib/adapters/policy/current'
import type { Person } from '#lib/core/access/actor'
import { withOnCallGroups } from '#lib/core/access/rota'

/** The caller with the groups of the rotas in which they are on call at this moment. */
export const withOnCall = (person: Person): Person =>
  withOnCallGroups(person, currentPolicy().configuration.rotas, new Date())
