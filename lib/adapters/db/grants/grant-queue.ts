import { db } from '#lib/adapters/db/client'
import type { GrantStatus } from '#lib/core/access/status'
import type { SlotKind, Slots } from '#lib/core/grants/slots'
import { Prisma } from '../generated/client.ts'
import { type ClaimedGrant, type ClaimedRow, claimedInSql, joinedToGrant, toClaimedGrant } from './claimed-grant.ts'

// The work queue. Each grant row is its own entry: it is due at next_attempt_at and leased to one worker until
// lease_until. The lease of a crashed worker expires, and the next worker continues from the stored records.

/**
 * Seconds. A step of a grant is a few calls of at most ten seconds each, and the lease is renewed long before it ends.
 */
const leaseSeconds = 30

const isDue = Prisma.sql`g.next_attempt_at <= now()`
const isFree = Prisma.sql`(g.lease_until IS NULL OR g.lease_until < now())`

/** The kind of slot that a due grant needs: see lib/core/grants/slots.ts. */
const slotOf = Prisma.sql`CASE
    WHEN g.status = 'active' AND g.expires_at <= now() THEN 'expire'
    ELSE CASE WHEN g.attempts > 0 THEN 'retry-' ELSE '' END ||
      CASE g.status WHEN 'ending' THEN 'end' WHEN 'pending' THEN 'begin' ELSE 'inspect' END END`

/** The status of every grant that needs this kind of slot, so that an index finds them. */
const statusOf: Readonly<Record<SlotKind, GrantStatus>> = {
  end: 'ending',
  expire: 'active',
  begin: 'pending',
  inspect: 'active',
  'retry-end': 'ending',
  'retry-begin': 'pending',
  'retry-inspect': 'active',
}

/** The kinds whose grants take turns by requester. Not expiries: ten thousand may be due, and each claim would rank them. */
const inTurn = { end: true, begin: true } as Readonly<Partial<Record<SlotKind, true>>>

/**
 * Claims due grants for this worker, at most as many as there are free slots of their kind, oldest first. Ends and
 * beginnings take turns by requester, counting those under way: one person with a thousand of them keeps no one else
 * waiting. Claiming and reading the facts are one statement: one round trip and one commit.
 *
 * NB: this commit does not wait for the disk. If PostgreSQL crashes and loses a claim, that is the same as an expired
 * lease. The intent is committed later and durably, and the claim with it.
 */
export async function claimGrants(worker: string, free: readonly Slots[]): Promise<ClaimedGrant[]> {
  const slots = free.map((one) => ({ ...one, status: statusOf[one.kind], in_turn: one.kind in inTurn }))
  const rows = await db().$queryRaw<ClaimedRow[]>`
    WITH free AS (
      SELECT * FROM jsonb_to_recordset(${JSON.stringify(slots)}::jsonb)
        AS f(cluster text, kind text, count int, status grant_status, in_turn boolean)),
    turns AS (
      SELECT g.id, f.cluster, f.kind, g.next_attempt_at, row_number() OVER (
          PARTITION BY f.cluster, f.kind, r.requester_id ORDER BY ${isFree}, g.next_attempt_at, g.id) AS turn
      FROM free f JOIN grants g ON g.status = f.status AND g.cluster = f.cluster AND ${isDue} AND ${slotOf} = f.kind
      JOIN requests r ON r.id = g.request_id
      WHERE f.in_turn),
    due AS (
      SELECT d.id, f.kind FROM free f CROSS JOIN LATERAL (
        SELECT g.id FROM grants g
        WHERE NOT f.in_turn AND g.status = f.status AND g.cluster = f.cluster AND ${isDue} AND ${isFree}
          AND ${slotOf} = f.kind
        ORDER BY g.next_attempt_at LIMIT f.count FOR UPDATE SKIP LOCKED) d
      UNION ALL
      SELECT d.id, f.kind FROM free f CROSS JOIN LATERAL (
        SELECT g.id FROM turns t JOIN grants g ON g.id = t.id
        WHERE t.cluster = f.cluster AND t.kind = f.kind AND ${isDue} AND ${isFree} AND ${slotOf} = f.kind
        ORDER BY t.turn, t.next_attempt_at LIMIT f.count FOR UPDATE OF g SKIP LOCKED) d),
    claimed AS (
      UPDATE grants g SET lease_until = now() + make_interval(secs => ${leaseSeconds}), leased_by = ${worker}
      FROM due WHERE g.id = due.id
      RETURNING due.kind, g.id, g.request_id, g.status, g.cluster, g.created_at, g.activated_at, g.expires_at, g.ending_at,
        g.ended_by, g.attempts, g.signature)
    SELECT set_config('synchronous_commit', 'off', true), g.kind AS slot, ${claimedInSql}
    FROM claimed g ${joinedToGrant}`
  return rows.map(toClaimedGrant)
}

/**
 * Seconds until the next grant is due or a lease expires; negative if one is overdue, undefined without any. Only due
 * grants have a lease, so the statement reads few rows, however many grants are waiting.
 */
export async function secondsToNextGrant(): Promise<number | undefined> {
  const [row] = await db().$queryRaw<Array<{ seconds: number | null }>>`
    SELECT extract(epoch FROM least(
        (SELECT min(greatest(next_attempt_at, lease_until)) FROM grants WHERE next_attempt_at <= now()),
        (SELECT min(next_attempt_at) FROM grants WHERE next_attempt_at > now())) - clock_timestamp())::float8 AS seconds`
  return row?.seconds ?? undefined
}

/** The current status of a grant, for a worker that was notified of a change. */
export async function grantStatus(id: string): Promise<GrantStatus | undefined> {
  const [row] = await db().$queryRaw<Array<{ status: GrantStatus }>>`SELECT status FROM grants WHERE id = ${id}`
  return row?.status
}

/** The clusters of all grants that have not ended, whether or not they are still configured. */
export async function clustersWithGrants(): Promise<string[]> {
  const rows = await db().$queryRaw<Array<{ cluster: string }>>`
    SELECT DISTINCT cluster FROM grants WHERE next_attempt_at IS NOT NULL`
  return rows.map(({ cluster }) => cluster)
}

/** Renews the leases of this worker's grants and returns the ids of those that it still holds. */
export async function renewLeases(worker: string, ids: readonly string[]): Promise<string[]> {
  const rows = await db().$queryRaw<Array<{ id: string }>>`
    UPDATE grants SET lease_until = now() + make_interval(secs => ${leaseSeconds})
    WHERE id = ANY(${ids}::text[]) AND leased_by = ${worker} RETURNING id`
  return rows.map(({ id }) => id)
}

/** Returns a grant to the queue with its due time unchanged. For a failed attempt see postponeGrant(). */
export async function releaseLease(worker: string, id: string): Promise<void> {
  await db().$executeRaw`
    UPDATE grants SET lease_until = NULL, leased_by = NULL WHERE id = ${id} AND leased_by = ${worker}`
}

/** Returns all grants of a stopping worker to the queue. */
export async function releaseAllLeases(worker: string): Promise<void> {
  await db().$executeRaw`UPDATE grants SET lease_until = NULL, leased_by = NULL WHERE leased_by = ${worker}`
}

/**
 * Returns a grant to the queue after a failed attempt, with the reason for its page. If its status has changed
 * meanwhile (it was revoked, say), it is due at once and the failure is not saved.
 */
export async function postponeGrant(
  worker: string,
  grant: { id: string; status: GrantStatus },
  failure: { sentence: string; delayMs: number },
): Promise<void> {
  await db().$executeRaw`
    UPDATE grants SET lease_until = NULL, leased_by = NULL,
      attempts = CASE WHEN status = ${grant.status}::grant_status THEN attempts + 1 ELSE attempts END,
      last_error = CASE WHEN status = ${grant.status}::grant_status THEN ${failure.sentence} ELSE last_error END,
      next_attempt_at = CASE WHEN status = ${grant.status}::grant_status
        THEN now() + make_interval(secs => ${failure.delayMs / 1000}) ELSE next_attempt_at END
    WHERE id = ${grant.id} AND leased_by = ${worker}`
}

/**
 * Makes grants due that back off from this cluster, because it is reachable again. Their next attempt counts as a first
 * one, so that they don't share the few slots of retries. Returns their number.
 */
export function hastenGrants(cluster: string): Promise<number> {
  return db().$executeRaw`
    UPDATE grants SET next_attempt_at = now(), attempts = 0
    WHERE cluster = ${cluster} AND attempts > 0 AND status IN ('pending', 'ending') AND next_attempt_at > now()`
}

/** Returns a grant to the queue, due at `until`. */
export async function scheduleGrant(worker: string, grant: { id: string; status: GrantStatus }, until: Date) {
  await db().$executeRaw`
    UPDATE grants SET lease_until = NULL, leased_by = NULL,
      next_attempt_at = CASE WHEN status = ${grant.status}::grant_status THEN ${until} ELSE next_attempt_at END
    WHERE id = ${grant.id} AND leased_by = ${worker}`
}
