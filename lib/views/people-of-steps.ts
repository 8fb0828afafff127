import { gatherPeopleOfSets } from '#lib/adapters/db/requests/gather-requests'
import { currentPolicy } from '#lib/adapters/policy/current'
import type { Person } from '#lib/core/access/actor'
import { namedBy, withNamedGroups } from '#lib/core/access/named-people'
import { rotaOf } from '#lib/core/access/on-call'
import { onCallAt, onCallMailboxes, whyUnavailable, withOnCallGroups } from '#lib/core/access/rota'
import { namedPeople } from '#lib/core/access/routing'
import type { OnCallResource, UnavailableRota } from '#lib/core/access/step-resource'

export type PeopleOfSteps = {
  /** The database's time. */
  now: Date
  /** The people known to Postern who are in one of these groups, on call included. */
  inGroups(groups: readonly string[]): Person[]
  /** How long they usually take to decide, in seconds; null with too few decisions. */
  usualSeconds(personId: string): number | null
  /** Until when they are away, and who is notified instead; null if they are not. */
  absence(personId: string): { until: string; delegateId: string } | null
  /** When their quiet hours end, which keep mails from them now; null if they have none. */
  quietUntil(personId: string): string | null
  /** Who is on call in the rotas behind these groups. */
  onCall(groups: readonly string[]): OnCallResource[]
  /** The rotas behind these groups that can't be read. */
  unavailable(groups: readonly string[]): UnavailableRota[]
}

/** The people of many approval steps, given by their groups, in one statement. */
export async function gatherPeopleOfSteps(steps: ReadonlyArray<readonly string[]>): Promise<PeopleOfSteps> {
  const { configuration } = currentPolicy()
  const { rotas } = configuration
  const named = namedPeople(configuration)
  const at = new Date()
  const onCall = (groups: readonly string[]): OnCallResource[] =>
    groups.flatMap((group) => {
      const rota = rotas.find(({ name }) => name === rotaOf(group))
      const found = rota ? onCallAt(rota, at) : []
      return found.map(({ person, until }) => ({
        ...{ rota: rota?.name ?? '', email: person, until: until.toISOString() },
        asOf: rota?.cached?.readAt.toISOString() ?? null,
      }))
    })
  const unavailable = (groups: readonly string[]) =>
    groups.flatMap((group) => {
      const rota = rotas.find(({ name }) => name === rotaOf(group))
      const why = rota && whyUnavailable(rota, at)
      return why ? [{ rota: rota.name, ...why }] : []
    })
  const setOf = (groups: readonly string[]) => {
    const { mailboxes, subjects } = namedBy(groups)
    return { groups, mailboxes: [...onCallMailboxes(rotas, groups, at), ...mailboxes], subjects }
  }
  const { now, inSet, usualSeconds, absence, quietUntil } = await gatherPeopleOfSets(steps.map(setOf))
  return {
    now,
    inGroups: (groups) =>
      inSet(setOf(groups)).map((person) => withNamedGroups(withOnCallGroups(person, rotas, at), named)),
    usualSeconds,
    absence,
    quietUntil,
    onCall,
    unavailable,
  }
}
