import type { Decider, Reader } from '#lib/adapters/db/requests/find-requests'
import { currentPolicy } from '#lib/adapters/policy/current'
import type { PersonActor } from '#lib/core/access/actor'
import { seesEverything } from '#lib/core/access/may-see'
import { verifiedEmails, wasEverVerified } from '#lib/core/access/same-person'
import { allGroups } from '#lib/core/approvals/escalation'

/** What decides which requests and events this person may see. */
export const readerOf = (actor: PersonActor): Reader => ({
  personId: actor.person.id,
  groups: actor.person.groups,
  seesAll: seesEverything(actor),
})

/** What decides which requests are in this person's inbox. */
export function deciderOf({ person }: PersonActor): Decider {
  const { id: personId, groups } = person
  const { oneSubjectPerPerson } = currentPolicy().configuration.identity
  const notTheirs = currentPolicy()
    .configuration.entitlements.filter(({ approvals }) =>
      approvals.every(
        // Owners and managers depend on the request, whose own steps name them.
        (step) => !step.owners && !step.manager && !allGroups(step).some((group) => groups.includes(group)),
      ),
    )
    .map(({ name }) => name)
  return {
    ...{ personId, groups, notTheirs, isOneSubjectPerPerson: oneSubjectPerPerson },
    ...{ emails: verifiedEmails(person), isVerified: wasEverVerified(person) },
  }
}
