import { db } from '#lib/adapters/db/client'
import { signingKeys } from '#lib/adapters/db/signing'
import type { Person } from '#lib/core/access/actor'
import { type SignatureFailure, verifyPerson } from '#lib/core/signing/verify-records'
import { toPerson } from './people.ts'

type FoundPerson = {
  person: Person
  /** When the provider last said their groups. */
  groupsAt: Date
  /** Why what is on record counts for nothing; null when it is as Postern wrote it. */
  signatureFailure: SignatureFailure | null
}

/** A person that Postern has seen; null for somebody new. */
export async function findPerson(issuer: string, subject: string): Promise<FoundPerson | null> {
  const row = await db().person.findUnique({ where: { issuer_subject: { issuer, subject } } })
  return row && { person: toPerson(row), groupsAt: row.groupsAt, signatureFailure: verifyPerson(signingKeys(), row) }
}

/** People by their id, subject or e-mail address, as it was last said; two at the most, to tell "several" from "one". */
export async function findPeopleNamed(text: string): Promise<Person[]> {
  const OR = [{ id: text }, { subject: text }, { email: text }]
  return (await db().person.findMany({ where: { OR }, take: 2 })).map(toPerson)
}
