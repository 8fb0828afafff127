import { db } from '#lib/adapters/db/client'
import { toPerson } from '#lib/adapters/db/people/people'
import {
  type DecisionInSql,
  decisionsInSql,
  type PersonInSql,
  personInSql,
  type RecordedDecision,
  type RequestInSql,
  requestInSql,
  toRecordedDecision,
  verificationOf,
} from '#lib/adapters/db/records-in-sql'
import { signingKeys } from '#lib/adapters/db/signing'
import type { Person } from '#lib/core/access/actor'
import { type Id, idSchema } from '#lib/core/access/ids'
import type { EndReason, GrantStatus, RequestStatus } from '#lib/core/access/status'
import type { ObjectKey } from '#lib/core/grants/manifests'
import { objectName } from '#lib/core/grants/names'
import type { RecordedObject } from '#lib/core/grants/plan'
import { type SignatureFailure, type Signed, verifyActivation } from '#lib/core/signing/verify-records'
import { Prisma } from '../generated/client.ts'

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
  request: Pick<
    RequestInSql,
    | 'namespaces'
    | 'rules'
    | 'clusterRole'
    | 'durationSeconds'
    | 'startsAt'
    | 'digest'
    | 'reason'
    | 'ticket'
    | 'steps'
    | 'policyHash'
    | 'entitlementName'
    | 'entitlement'
    | 'createdAt'
  > & { id: Id<'request'>; status: RequestStatus; cluster: string }
  requester: Person
  decisions: RecordedDecision[]
  objects: RecordedObject[]
  /** Why these records give nothing, however they read; null when they are as Postern wrote them, or it is ending. */
  signatureFailure: SignatureFailure | null
}

type Row = Omit<ClaimedGrant, 'createdAt' | 'request' | 'requester' | 'decisions' | 'objects' | 'signatureFailure'> &
  RequestInSql & {
    requestId: Id<'request'>
    requestStatus: RequestStatus
    requestCluster: string
    requester: PersonInSql
    decisions: DecisionInSql[]
    approvedAt: Date
    activatedAt: Date | null
    activation: string | null
    objects: Array<ObjectKey & { uid: string | null; removed: boolean; fingerprint: string | null }>
  }

function verifyClaim(row: Row): SignatureFailure | null {
  if (row.status === 'ending') return null
  const { requestId: id, requestCluster: cluster, requester } = row
  const approval = verificationOf({ ...row, id, cluster }, requester, row.decisions)
  if (approval || row.status !== 'active') return approval
  const grant = { ...row, requesterId: requester.id, signature: row.activation }
  return verifyActivation(signingKeys(), grant as Signed<typeof grant & { activatedAt: Date; expiresAt: Date }>)
}

/** An object of another name is none of this grant's, whatever its row says: neither made nor removed for it. */
const isNameOf = (grantId: string, name: string) =>
  idSchema('grant').safeParse(grantId).success && name === objectName(grantId)

function toClaimedGrant(row: Row): ClaimedGrant {
  const { now, id, status, cluster, expiresAt, endingAt, endedBy, attempts } = row
  const { namespaces, rules, clusterRole, durationSeconds, startsAt, digest, reason, ticket, steps } = row
  const { policyHash, entitlementName, entitlement, createdAt } = row
  return {
    ...{ now, id, status, cluster, createdAt: row.approvedAt, expiresAt, endingAt, endedBy, attempts },
    request: {
      ...{ id: row.requestId, status: row.requestStatus, cluster: row.requestCluster },
      ...{ namespaces, rules, clusterRole, durationSeconds, startsAt, digest, reason, ticket, steps },
      ...{ policyHash, entitlementName, entitlement, createdAt },
    },
    requester: toPerson(row.requester),
    decisions: row.decisions.map(toRecordedDecision),
    objects: row.objects
      .filter(({ name }) => isNameOf(id, name))
      .map(({ removed, ...object }) => ({ ...object, removedAt: removed ? now : null })),
    signatureFailure: verifyClaim(row),
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
      RETURNING g.id, g.request_id, g.status, g.cluster, g.created_at, g.activated_at, g.expires_at, g.ending_at,
        g.ended_by, g.attempts, g.signature)
    SELECT set_config('synchronous_commit', 'off', true), clock_timestamp() AS now, g.id, g.status, g.cluster,
      g.created_at AS "approvedAt", g.activated_at AS "activatedAt", g.expires_at AS "expiresAt",
      g.signature AS activation, g.ending_at AS "endingAt", g.ended_by AS "endedBy", g.attempts, r.id AS "requestId",
      r.status AS "requestStatus", r.cluster AS "requestCluster", ${requestInSql}, ${personInSql('p')} AS requester,
      ${decisionsInSql(Prisma.sql`r.id`)} AS decisions,
      (SELECT coalesce(jsonb_agg(jsonb_build_object('kind', o.kind, 'namespace', o.namespace, 'name', o.name,
          'uid', o.uid, 'removed', o.removed_at IS NOT NULL, 'fingerprint', o.fingerprint)), '[]')
        FROM grant_objects o WHERE o.grant_id = g.id) AS objects
    FROM claimed g
    JOIN requests r ON r.id = g.request_id
    JOIN people p ON p.id = r.requester_id
    JOIN entitlement_versions e ON e.hash = r.entitlement_hash`
  return rows.map(toClaimedGrant)
}

/**
 * Seconds until the next grant is due or a lease runs out; negative when one is already; undefined when there is none.
 * A lease is only ever held on what is due, so that few rows are looked at, however many are at rest.
 */
export async function secondsToNextGrant(): Promise<number | undefined> {
  const [row] = await db().$queryRaw<Array<{ seconds: number | null }>>`
    SELECT extract(epoch FROM least(
        (SELECT min(greatest(next_attempt_at, lease_until)) FROM grants WHERE next_attempt_at <= now()),
        (SELECT min(next_attempt_at) FROM grants WHERE next_attempt_at > now())) - clock_timestamp())::float8 AS seconds`
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

/** What has backed off from this cluster is due now, because the cluster answers again. Returns how many these are. */
export function hastenGrants(cluster: string): Promise<number> {
  return db().$executeRaw`
    UPDATE grants SET next_attempt_at = now()
    WHERE cluster = ${cluster} AND attempts > 0 AND status IN ('pending', 'ending') AND next_attempt_at > now()`
}

/** Gives a grant back that is not due before `until`. */
export async function scheduleGrant(worker: string, grant: { id: string; status: GrantStatus }, until: Date) {
  await db().$executeRaw`
    UPDATE grants SET lease_until = NULL, leased_by = NULL,
      next_attempt_at = CASE WHEN status = ${grant.status}::grant_status THEN ${until} ELSE next_attempt_at END
    WHERE id = ${grant.id} AND leased_by = ${worker}`
}
