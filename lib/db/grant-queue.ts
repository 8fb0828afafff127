import type { Person } from '#lib/access/actor'
import type { ApprovalStep, Entitlement } from '#lib/access/entitlement'
import type { Id } from '#lib/access/ids'
import type { Rule } from '#lib/access/rule'
import type { EndReason, GrantStatus, RequestStatus } from '#lib/access/status'
import type { ObjectKind } from '#lib/grants/manifests'
import type { RecordedObject } from '#lib/grants/plan'
import { db } from './client.ts'

// The queue of the workers. A grant row is its own entry: due at next_attempt_at, and nobody else's until lease_until. A
// worker that dies lets its lease run out; whoever is next begins where the records say that it ended.

/** Seconds. A step of a grant is a few calls of at most ten seconds each; the lease is renewed long before it ends. */
const leaseSeconds = 30

/** A grant with everything that its next step is judged by, as of the database's `now`. */
export type ClaimedGrant = {
  now: Date
  id: Id<'grant'>
  status: GrantStatus
  cluster: string
  /** When it was approved for good. */
  createdAt: Date
  expiresAt: Date | null
  /** When the wish to end was committed. */
  endingAt: Date | null
  endedBy: EndReason | null
  attempts: number
  request: {
    id: Id<'request'>
    status: RequestStatus
    cluster: string
    namespaces: string[]
    rules: Rule[]
    clusterRole: string | null
    durationSeconds: number
    startsAt: Date | null
    digest: string
    reason: string
    ticket: string | null
    steps: ApprovalStep[]
    policyHash: string
    /** The entitlement as it stood when this was asked. */
    entitlement: Entitlement
  }
  requester: Person
  decisions: Array<{ decision: 'approve' | 'deny'; personId: string; person: Person; result: string }>
  objects: RecordedObject[]
}

type Row = Omit<ClaimedGrant, 'request' | 'objects'> &
  Omit<ClaimedGrant['request'], 'id' | 'status' | 'cluster'> & {
    requestId: Id<'request'>
    requestStatus: RequestStatus
    requestCluster: string
    objects: Array<{ kind: ObjectKind; namespace: string; name: string; uid: string | null; removed: boolean }>
  }

function toClaimedGrant(row: Row): ClaimedGrant {
  const { now, id, status, cluster, createdAt, expiresAt, endingAt, endedBy, attempts, requester, decisions } = row
  const { namespaces, rules, clusterRole, durationSeconds, startsAt, digest, reason, ticket, steps } = row
  return {
    ...{ now, id, status, cluster, createdAt, expiresAt, endingAt, endedBy, attempts, requester, decisions },
    request: {
      ...{ id: row.requestId, status: row.requestStatus, cluster: row.requestCluster },
      ...{ namespaces, rules, clusterRole, durationSeconds, startsAt, digest, reason, ticket, steps },
      ...{ policyHash: row.policyHash, entitlement: row.entitlement },
    },
    objects: row.objects.map(({ removed, ...object }) => ({ ...object, removedAt: removed ? now : null })),
  }
}

/**
 * Takes due grants for this worker, oldest first, at most `free` of each cluster: what a slow cluster has under way does
 * not keep others waiting. One statement, so that a claim and what it is judged by are one round trip and one commit.
 *
 * NB: that commit does not wait for the disk. A claim that a crash of PostgreSQL forgets is a lease that ran out early,
 * which is the ordinary case after any crash; the wish, committed later and waiting, takes the claim to the disk with it.
 */
export async function claimGrants(worker: string, free: ReadonlyMap<string, number>): Promise<ClaimedGrant[]> {
  const rows = await db().$queryRaw<Row[]>`
    WITH due AS (
      SELECT d.id FROM unnest(${[...free.keys()]}::text[], ${[...free.values()]}::int[]) AS c(cluster, free)
      CROSS JOIN LATERAL (
        SELECT g.id FROM grants g
        WHERE g.cluster = c.cluster AND g.next_attempt_at <= now() AND (g.lease_until IS NULL OR g.lease_until < now())
        ORDER BY g.next_attempt_at LIMIT c.free FOR UPDATE SKIP LOCKED) d),
    claimed AS (
      UPDATE grants g SET lease_until = now() + make_interval(secs => ${leaseSeconds}), leased_by = ${worker}
      FROM due WHERE g.id = due.id
      RETURNING g.id, g.request_id, g.status, g.cluster, g.created_at, g.expires_at, g.ending_at, g.ended_by, g.attempts)
    SELECT set_config('synchronous_commit', 'off', true), clock_timestamp() AS now, g.id, g.status, g.cluster,
      g.created_at AS "createdAt", g.expires_at AS "expiresAt", g.ending_at AS "endingAt", g.ended_by AS "endedBy", g.attempts, r.id AS "requestId", r.status AS "requestStatus", r.cluster AS "requestCluster", r.namespaces, r.rules,
      r.cluster_role AS "clusterRole", r.duration_seconds AS "durationSeconds", r.starts_at AS "startsAt", r.digest,
      r.reason, r.ticket, r.steps, r.policy_hash AS "policyHash", e.document AS entitlement,
      jsonb_build_object('id', p.id, 'issuer', p.issuer, 'subject', p.subject, 'name', p.name, 'email', p.email,
        'emailVerified', p.email_verified, 'knownEmails', p.known_emails, 'groups', p.groups) AS requester,
      (SELECT coalesce(jsonb_agg(jsonb_build_object('decision', d.decision, 'personId', d.person_id, 'result', d.result,
          'person', jsonb_build_object('id', q.id, 'issuer', q.issuer, 'subject', q.subject, 'name', q.name,
            'email', q.email, 'emailVerified', q.email_verified, 'knownEmails', q.known_emails, 'groups', q.groups)) ORDER BY d.created_at, d.id), '[]')
        FROM decisions d JOIN people q ON q.id = d.person_id WHERE d.request_id = r.id) AS decisions,
      (SELECT coalesce(jsonb_agg(jsonb_build_object('kind', o.kind, 'namespace', o.namespace, 'name', o.name,
          'uid', o.uid, 'removed', o.removed_at IS NOT NULL)), '[]')
        FROM grant_objects o WHERE o.grant_id = g.id) AS objects
    FROM claimed g
    JOIN requests r ON r.id = g.request_id
    JOIN people p ON p.id = r.requester_id
    JOIN entitlement_versions e ON e.hash = r.entitlement_hash`
  return rows.map(toClaimedGrant)
}

/** Seconds until the next grant is due or a lease runs out; negative when one is already; undefined when there is none. */
export async function secondsToNextGrant(): Promise<number | undefined> {
  const [row] = await db().$queryRaw<Array<{ seconds: number | null }>>`
    SELECT extract(epoch FROM min(greatest(next_attempt_at, lease_until)) - clock_timestamp())::float8 AS seconds
    FROM grants WHERE next_attempt_at IS NOT NULL`
  return row?.seconds ?? undefined
}

/** What a grant is now, when its worker was told that somebody changed it. */
export async function grantStatus(id: string): Promise<GrantStatus | undefined> {
  const [row] = await db().$queryRaw<Array<{ status: GrantStatus }>>`SELECT status FROM grants WHERE id = ${id}`
  return row?.status
}

/** The clusters of all grants that have not ended, whether the configuration still knows them or not. */
export async function clustersWithGrants(): Promise<string[]> {
  const rows = await db().$queryRaw<Array<{ cluster: string }>>`
    SELECT DISTINCT cluster FROM grants WHERE next_attempt_at IS NOT NULL`
  return rows.map(({ cluster }) => cluster)
}

/** Keeps these grants for this worker; gives those that are still its own. */
export async function renewLeases(worker: string, ids: readonly string[]): Promise<string[]> {
  const rows = await db().$queryRaw<Array<{ id: string }>>`
    UPDATE grants SET lease_until = now() + make_interval(secs => ${leaseSeconds})
    WHERE id = ANY(${ids}::text[]) AND leased_by = ${worker} RETURNING id`
  return rows.map(({ id }) => id)
}

/** Gives a grant back to the queue. It stays due when it was; a failed attempt says so by postponeGrant(). */
export async function releaseLease(worker: string, id: string): Promise<void> {
  await db().$executeRaw`
    UPDATE grants SET lease_until = NULL, leased_by = NULL WHERE id = ${id} AND leased_by = ${worker}`
}

/** Gives everything back that this worker holds, at its end. */
export async function releaseAllLeases(worker: string): Promise<void> {
  await db().$executeRaw`UPDATE grants SET lease_until = NULL, leased_by = NULL WHERE leased_by = ${worker}`
}

/**
 * Gives a grant back after a failed attempt, with the sentence for its people. When its status has changed meanwhile
 * (somebody revoked it), that is due at once and the failure no longer matters.
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

/** Gives a grant back that is not due before `until`. */
export async function scheduleGrant(worker: string, grant: { id: string; status: GrantStatus }, until: Date) {
  await db().$executeRaw`
    UPDATE grants SET lease_until = NULL, leased_by = NULL,
      next_attempt_at = CASE WHEN status = ${grant.status}::grant_status THEN ${until} ELSE next_attempt_at END
    WHERE id = ${grant.id} AND leased_by = ${worker}`
}
