import { Prisma } from '../generated/client.ts'

/** Joins only the people `p` that are this person: accounts with a verified address in common count as one person. */
export const accountsOf = (personId: string) =>
  Prisma.sql`JOIN people me ON me.id = ${personId} AND (me.id = p.id OR me.known_emails && p.known_emails)`
