import type { Tx } from '#lib/adapters/db/client'
import { Prisma } from '../generated/client.ts'

// What one person has already: open requests, and grants that have not ended. Counted in the statement that gathers the
// other facts of a judgement.

/** The two counts, as columns. */
export const heldInSql = (personId: string): Prisma.Sql => Prisma.sql`
  (SELECT count(*)::int FROM requests WHERE requester_id = ${personId} AND status = 'pending') AS "openRequests",
  (SELECT count(*)::int FROM grants g JOIN requests q ON q.id = g.request_id
    WHERE g.next_attempt_at IS NOT NULL AND q.requester_id = ${personId}) AS "liveGrants"`

export type HeldColumns = { openRequests: number; liveGrants: number }

/**
 * Orders the uses of one break-glass entitlement until the transaction ends. NB: not those of one person, because accounts count
 * as one person if any of their addresses is the same.
 */
export async function lockUses(tx: Tx, entitlement: string): Promise<void> {
  await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${`postern uses ${entitlement}`}, 0))`
}

/**
 * Orders what adds to one person's requests and grants, until the transaction ends: of several at the same moment each
 * counts those before it.
 */
export async function lockHeld(tx: Tx, personId: string): Promise<void> {
  await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${`postern held ${personId}`}, 0))`
}
