import type { Person } from '#lib/access/actor'
import { db } from './client.ts'
import { toPerson } from './people.ts'

/** A person that Postern has seen, and when the provider last said their groups; null for somebody new. */
export async function findPerson(issuer: string, subject: string): Promise<{ person: Person; groupsAt: Date } | null> {
  const row = await db().person.findUnique({ where: { issuer_subject: { issuer, subject } } })
  return row && { person: toPerson(row), groupsAt: row.groupsAt }
}

/** People by their id, subject or e-mail address, as it was last said; two at the most, to tell "several" from "one". */
export async function findPeopleNamed(text: string): Promise<Person[]> {
  const OR = [{ id: text }, { subject: text }, { email: text }]
  return (await db().person.findMany({ where: { OR }, take: 2 })).map(toPerson)
}
