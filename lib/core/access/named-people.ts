// The people whom approval steps name. Each counts as the only member of a group of their own (on-call.ts).
import type { Person } from './actor.ts'
import { personGroup, personIn } from './on-call.ts'
import { mailboxOf } from './same-person.ts'

type Account = Pick<Person, 'subject' | 'email' | 'emailVerified'>

/** The groups by which a step can name this account: by its subject, and by its address if that is verified. */
export function ownNames({ subject, email, emailVerified }: Account): string[] {
  const mailbox = emailVerified && email !== null ? mailboxOf(email) : null
  // NB: a subject that looks like an address is none: an address counts only where the provider has verified it.
  return [...(subject.includes('@') ? [] : [personGroup(subject)]), ...(mailbox === null ? [] : [personGroup(mailbox)])]
}

/** The person with those of their own names that a policy uses. */
export const withNamedGroups = <P extends Account & { groups: readonly string[] }>(
  person: P,
  named: Pick<ReadonlySet<string>, 'has'>,
): P & { groups: string[] } => ({
  ...person,
  groups: [
    ...person.groups.filter((group) => personIn(group) === undefined),
    ...ownNames(person).filter((group) => named.has(group)),
  ],
})

/** The addresses and the subjects of the people behind these groups. */
export const namedBy = (groups: readonly string[]): { mailboxes: string[]; subjects: string[] } => {
  const names = groups.flatMap((group) => personIn(group) ?? [])
  return {
    mailboxes: names.filter((name) => name.includes('@')),
    subjects: names.filter((name) => !name.includes('@')),
  }
}
