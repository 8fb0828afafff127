import { db } from '#lib/adapters/db/client'
import { upsertPerson } from '#lib/adapters/db/people/people'
import { signatureOf } from '#lib/adapters/db/signing'
import type { Person, PersonActor, Role, SystemActor } from '#lib/core/access/actor'
import { personStatement } from '#lib/core/signing/statements'
import { newReference } from '#lib/observability/reference'
import { localPeople } from '#local/parts/identity-people'

let count = 0

type Identity = Omit<Person, 'id' | 'knownEmails'>

/** A person as the identity provider describes them: a new subject each time, in `payments-dev`. */
export function anIdentity(overrides: Partial<Identity> = {}): Identity {
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

let lastTime = 0
/** The current time, but later than in any call before: of two descriptions of a person the second one counts. */
export function laterTime(): Date {
  lastTime = Math.max(Date.now(), lastTime + 1)
  return new Date(lastTime)
}

/** A person, with a row in the database. */
export async function aPerson(overrides: Partial<Identity> = {}): Promise<Person> {
  return (await upsertPerson(db(), anIdentity(overrides), laterTime())).person
}

/** From now on the identity provider lists this person in these groups only. */
export const isNowIn = async (person: Person, groups: string[]): Promise<Person> =>
  (await upsertPerson(db(), { ...person, groups }, laterTime())).person

/** As if the identity provider had last confirmed this person's groups at that time. */
export async function wasConfirmedAt(subject: string, groupsAt: Date) {
  const row = { ...(await db().person.findFirstOrThrow({ where: { subject } })), groupsAt }
  await db().person.update({
    where: { id: row.id },
    data: { groupsAt, signature: signatureOf('person', personStatement(row)) },
  })
}

/** A signed-in person with a row in the database. `roles` are not derived from the groups. */
export async function anActor(overrides: Partial<Identity> & { roles?: Role[] } = {}): Promise<PersonActor> {
  const { roles = [], ...identity } = overrides
  return asActor(await aPerson(identity), roles)
}

/** A person, signed in with these roles. */
export const asActor = (person: Person, roles: Role[] = []): PersonActor => ({
  kind: 'person',
  person,
  roles,
  origin: { via: 'api', clientAddress: '192.0.2.7', reference: newReference() },
})

type CompanyName = 'mina' | 'jonas' | 'priya' | 'sam' | 'tomas' | 'ines' | 'ola'
/** As the company's postern.yaml derives them from groups. */
const companyRoles: Partial<Record<CompanyName, Role[]>> = { ines: ['auditor'], ola: ['admin'] }

/** These people of the company, signed in, each with a row in the database. */
export async function companyActors<Name extends CompanyName>(...names: Name[]): Promise<Record<Name, PersonActor>> {
  const actors = {} as Record<Name, PersonActor>
  for (const name of names) {
    actors[name] = await anActor({ ...localPeople.get(name), subject: name, roles: companyRoles[name] })
  }
  return actors
}

/** Postern itself. */
export const aSystemActor = (component = 'worker'): SystemActor => ({
  kind: 'system',
  component,
  origin: { via: 'system', clientAddress: null, reference: newReference() },
})
