import { db, type Tx } from '#lib/adapters/db/client'
import { signingKeys } from '#lib/adapters/db/signing'
import type { Person } from '#lib/core/access/actor'
import { mailboxOf } from '#lib/core/access/same-person'
import { type SignatureFailure, verifyPerson } from '#lib/core/signing/verify-records'
import type { Person as PersonRow } from '../generated/client.ts'
import { toPerson } from './people.ts'

type FoundPerson = {
  person: Person
  /** When the provider last confirmed the groups. */
  groupsAt: Date
  /** Why the stored record is not valid; null if its signature is. */
  signatureFailure: SignatureFailure | null
}

/** A known person; null for a new one. */
export async function findPerson(issuer: string, subject: string): Promise<FoundPerson | null> {
  // Every call of the API begins with this statement.
  const [row] = await db().$queryRaw<PersonRow[]>`
    SELECT id, issuer, subject, name, email, email_verified AS "emailVerified", known_emails AS "knownEmails",
      ever_verified AS "everVerified", username, manager, groups, groups_at AS "groupsAt", groups_problem AS "groupsProblem", signature
    FROM people WHERE issuer = ${issuer} AND subject = ${subject}`
  if (!row) return null
  return { person: toPerson(row), groupsAt: row.groupsAt, signatureFailure: verifyPerson(signingKeys(), row) }
}

/** Is this mailbox the verified address of someone whom Postern knows? */
export async function isKnownMailbox(tx: Tx, mailbox: string): Promise<boolean> {
  const people = await tx.person.findMany({ where: { emailVerified: true, knownEmails: { has: mailbox } } })
  const isTheirs = (row: PersonRow) => row.email !== null && mailboxOf(row.email) === mailbox
  return people.some((row) => isTheirs(row) && verifyPerson(signingKeys(), row) === null)
}

/** Known people by id, subject or current e-mail address; by default two, which is enough to detect ambiguity. */
export async function findPeopleNamed(text: string, most = 2): Promise<Person[]> {
  const OR = [{ id: text }, { subject: text }, { email: text }]
  return (await db().person.findMany({ where: { OR }, take: most })).map(toPerson)
}
