import { db } from '#lib/adapters/db/client'
import { signingKeys } from '#lib/adapters/db/signing'
import type { Person } from '#lib/core/access/actor'
import { type SignatureFailure, verifyPerson } from '#lib/core/signing/verify-records'
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
  const row = await db().person.findUnique({ where: { issuer_subject: { issuer, subject } } })
  return row && { person: toPerson(row), groupsAt: row.groupsAt, signatureFailure: verifyPerson(signingKeys(), row) }
}

/** Known people by id, subject or current e-mail address; at most two, which is enough to detect ambiguity. */
export async function findPeopleNamed(text: string): Promise<Person[]> {
  const OR = [{ id: text }, { subject: text }, { email: text }]
  return (await db().person.findMany({ where: { OR }, take: 2 })).map(toPerson)
}
