import { db } from '#lib/adapters/db/client'
import { upsertPerson } from '#lib/adapters/db/people/people'
import { signatureOf } from '#lib/adapters/db/signing'
import type { Person, PersonActor, Role, SystemActor } from '#lib/core/access/actor'
import { personStatement } from '#lib/core/signing/statements'
import { newReference } from '#lib/observability/reference'

let count = 0

/** Who somebody is, without a row: a fresh subject each time, in `payments-dev`. */
export function anIdentity(
  overrides: Partial<Omit<Person, 'id' | 'knownEmails'>> = {},
): Omit<Person, 'id' | 'knownEmails'> {
  count += 1
  const subject = overrides.subject ?? `person-${process.pid}-${count}`
  return {
    issuer: 'http://127.0.0.1:4300',
    subject,
    name: `Person ${count}`,
    email: `${subject}@example.com`,
    emailVerified: true,
    groups: ['payments-dev'],
    ...overrides,
  }
}

/** A person with a row in the database. */
export async function aPerson(overrides: Partial<Omit<Person, 'id' | 'knownEmails'>> = {}): Promise<Person> {
  return (await upsertPerson(db(), anIdentity(overrides))).person
}

/** From now on the provider says that this person is in these groups and no others. */
export const isNowIn = async (person: Person, groups: string[]): Promise<Person> =>
  (await upsertPerson(db(), { ...person, groups })).person

/** As if the provider had last spoken of this person at that time. */
export async function wasConfirmedAt(subject: string, groupsAt: Date) {
  const row = { ...(await db().person.findFirstOrThrow({ where: { subject } })), groupsAt }
  await db().person.update({
    where: { id: row.id },
    data: { groupsAt, signature: signatureOf('person', personStatement(row)) },
  })
}

/** A signed-in person with a row in the database. `roles` are given, not derived from groups. */
export async function anActor(
  overrides: Partial<Omit<Person, 'id' | 'knownEmails'>> & { roles?: Role[] } = {},
): Promise<PersonActor> {
  const { roles = [], ...identity } = overrides
  return asActor(await aPerson(identity), roles)
}

/** The same person, signed in with these roles. */
export const asActor = (person: Person, roles: Role[] = []): PersonActor => ({
  kind: 'person',
  person,
  roles,
  origin: { via: 'api', clientAddress: '192.0.2.7', reference: newReference() },
})

/** Postern itself. */
export const aSystemActor = (component = 'worker'): SystemActor => ({
  kind: 'system',
  component,
  origin: { via: 'system', clientAddress: null, reference: newReference() },
})
