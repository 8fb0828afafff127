import { db } from '#lib/adapters/db/client'
import { toPerson } from '#lib/adapters/db/people/people'
import { type PersonInSql, personInSql } from '#lib/adapters/db/records-in-sql'
import { signingKeys } from '#lib/adapters/db/signing'
import type { Recipient } from '#lib/core/notices/who-is-notified'
import { verifyPerson } from '#lib/core/signing/verify-records'
import { Prisma } from '../generated/client.ts'

/** A flood of people is not notified: no approval step of a real policy names so many. */
const mostPeople = 500

/** A record that Postern did not write could send notices to someone else's address, so it counts as unknown. */
const toRecipients = (rows: ReadonlyArray<{ person: PersonInSql }>): Recipient[] =>
  rows
    .filter(({ person }) => verifyPerson(signingKeys(), person) === null)
    .map(({ person }) => ({ person: toPerson(person), groupsAt: new Date(person.groupsAt) }))

/** Known people by id, group, subject or mailbox (same-person.ts), the most recently confirmed first. */
export async function findRecipients({
  ids = [],
  groups = [],
  subjects = [],
  mailboxes = [],
}: {
  ids?: readonly string[]
  groups?: readonly string[]
  subjects?: readonly string[]
  mailboxes?: readonly string[]
}): Promise<Recipient[]> {
  const rows = await db().$queryRaw<Array<{ person: PersonInSql }>>(Prisma.sql`
    SELECT ${personInSql('p')} AS person FROM people p
    WHERE p.id = ANY(${ids}::text[]) OR p.groups && ${groups}::text[] OR p.subject = ANY(${subjects}::text[])
      OR p.known_emails && ${mailboxes}::text[]
    ORDER BY p.groups_at DESC, p.id LIMIT ${mostPeople}`)
  return toRecipients(rows)
}

export type RecordedEvent = { type: string; at: Date; actorId: string | null; cluster: string | null; data: unknown }

/** The event that a notice is about. */
export async function findEvent(id: string): Promise<RecordedEvent | null> {
  const [row] = await db().$queryRaw<RecordedEvent[]>`
    SELECT type, at, actor_id AS "actorId", cluster, data FROM audit_events WHERE id = ${id}`
  return row ?? null
}
