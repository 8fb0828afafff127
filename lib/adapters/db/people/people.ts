import type { Tx } from '#lib/adapters/db/client'
import { newId } from '#lib/adapters/db/ids'
import { signatureOf, signingKeys } from '#lib/adapters/db/signing'
import type { Person } from '#lib/core/access/actor'
import type { Id } from '#lib/core/access/ids'
import type { PersonResource } from '#lib/core/access/person-resource'
import { verifiedEmails } from '#lib/core/access/same-person'
import { personStatement } from '#lib/core/signing/statements'
import { verifyPerson } from '#lib/core/signing/verify-records'
import type { Person as PersonRow } from '../generated/client.ts'

/** A person as the identity provider describes them. The caller has verified it. */
export type Identity = Omit<Person, 'id' | 'knownEmails'>

/** `previousGroups` is null for a new person. */
export type KnownPerson = { person: Person; previousGroups: string[] | null }

/** An unchanged person is written again after this time, to confirm that their groups are current. */
const groupsConfirmedAfterMs = 60_000

export const toPerson = (row: Omit<Person, 'id'> & { id: string }): Person => ({
  id: row.id as Id<'person'>,
  issuer: row.issuer,
  subject: row.subject,
  name: row.name,
  email: row.email,
  emailVerified: row.emailVerified,
  knownEmails: row.knownEmails,
  groups: row.groups,
})

export const toPersonResource = (row: Pick<PersonRow, 'id' | 'name' | 'email'>): PersonResource => ({
  id: row.id,
  name: row.name,
  email: row.email,
})

const sorted = (groups: readonly string[]) => [...new Set(groups)].sort()

const isSame = (row: PersonRow, identity: Identity, groups: string[]) =>
  row.name === identity.name &&
  row.email === identity.email &&
  row.emailVerified === identity.emailVerified &&
  row.groups.join('\n') === groups.join('\n') &&
  verifyPerson(signingKeys(), row) === null

/**
 * Creates or updates a person, identified by issuer and subject, and signs the record. It is one statement if nothing
 * has changed within a minute. Two simultaneous first calls create one person.
 */
export async function upsertPerson(tx: Tx, identity: Identity): Promise<KnownPerson> {
  const { issuer, subject, name, email, emailVerified } = identity
  const groups = sorted(identity.groups)
  const where = { issuer_subject: { issuer, subject } }
  const signed = (id: string) => {
    const row = { id, issuer, subject, name, email, emailVerified, groups, groupsAt: new Date() }
    return { ...row, knownEmails: verifiedEmails(identity), signature: signatureOf('person', personStatement(row)) }
  }
  let known = await tx.person.findUnique({ where })
  if (!known) {
    const { count } = await tx.person.createMany({ data: signed(newId('person')), skipDuplicates: true })
    const row = await tx.person.findUniqueOrThrow({ where })
    if (count === 1) return { person: toPerson(row), previousGroups: null }
    known = row
  }
  const previousGroups = known.groups
  if (isSame(known, identity, groups) && Date.now() - known.groupsAt.getTime() < groupsConfirmedAfterMs)
    return { person: toPerson(known), previousGroups }
  const { id, issuer: _, subject: __, ...data } = signed(known.id)
  return { person: toPerson(await tx.person.update({ where: { id }, data })), previousGroups }
}
