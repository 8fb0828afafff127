import { gatherPeopleOfSets } from '#lib/adapters/db/requests/gather-requests'
import { currentPolicy } from '#lib/adapters/policy/current'
import type { Person } from '#lib/core/access/actor'
import { rotaOf } from '#lib/core/access/on-call'
import { onCallAt, onCallMailboxes, withOnCallGroups } from '#lib/core/access/rota'
import type { OnCallResource } from '#lib/core/access/step-resource'

export type PeopleOfSteps = {
  /** The database's time. */
  now: Date
  /** The people known to Postern who are in one of these groups, on call included. */
  inGroups(groups: readonly string[]): Person[]
  /** Who is on call in the rotas behind these groups. */
  onCall(groups: readonly string[]): OnCallResource[]
}

/** The people of many approval steps, given by their groups, in one statement. */
export async function gatherPeopleOfSteps(steps: ReadonlyArray<readonly string[]>): Promise<PeopleOfSteps> {
  const { rotas } = currentPolicy().configuration
  const at = new Date()
  const onCall = (groups: readonly string[]): OnCallResource[] =>
    groups.flatMap((group) => {
      const rota = rotas.find(({ name }) => name === rotaOf(group))
      const found = rota && onCallAt(rota, at)
      return found ? [{ rota: rota.name, email: found.person, until: found.until.toISOString() }] : []
    })
  const setOf = (groups: readonly string[]) => ({
    groups,
    mailboxes: onCallMailboxes(rotas, groups, at),
  })
  const { now, inSet } = await gatherPeopleOfSets(steps.map(setOf))
  return {
    now,
    inGroups: (groups) => inSet(setOf(groups)).map((person) => withOnCallGroups(person, rotas, at)),
    onCall,
  }
}
