import type { Person } from '#lib/access/actor'
import { db } from './client.ts'
import { toPerson } from './people.ts'

/** A person that Postern has seen, and when the provider last said their groups; null for somebody new. */
export async function findPerson(issuer: string, subject: string): Promise<{ person: Person; groupsAt: Date } | null> {
  const row = await db().person.findUnique({ where: { issuer_subject: { issuer, subject } } })
  return row && { person: toPerson(row), groupsAt: row.groupsAt }
}
