import type { Tx } from '#lib/adapters/db/client'
import { toPerson } from '#lib/adapters/db/people/people'
import { type PersonInSql, personInSql } from '#lib/adapters/db/records-in-sql'
import type { Person } from '#lib/core/access/actor'
import { idSchema } from '#lib/core/access/ids'
import type { EndReason } from '#lib/core/access/status'
import { type ClaimedGrant, joinedToGrant, type ObjectInSql, objectsInSql, objectsOf } from './claimed-grant.ts'

type Claimable = Pick<ClaimedGrant, 'id' | 'status' | 'cluster' | 'createdAt' | 'expiresAt' | 'endingAt' | 'now'> &
  Omit<ClaimedGrant['request'], 'id' | 'status' | 'cluster' | 'createdAt' | 'heldSince' | 'agent' | 'via' | 'pauses'>

/** A grant that is locked until the transaction ends, with the people who may act on it. */
export type LockedGrant = Claimable & {
  requestId: ClaimedGrant['request']['id']
  requestStatus: ClaimedGrant['request']['status']
  requestCluster: string
  requestedAt: Date
  requester: Person
  requesterId: string
  approverGroups: string[]
  deciderIds: string[]
  endedByName: string | null
  objects: ClaimedGrant['objects']
  isLeased: boolean
}

type Row = Omit<LockedGrant, 'requester' | 'objects'> & { requester: PersonInSql; objects: ObjectInSql[] }

/** Locks a grant; undefined if it does not exist. Its request needs no lock, because it is decided and can't change. */
export async function lockGrant(tx: Tx, id: string): Promise<LockedGrant | undefined> {
  if (!idSchema('grant').safeParse(id).success) return undefined
  const [row] = await tx.$queryRaw<Row[]>`
    SELECT g.id, g.request_id AS "requestId", g.status, g.cluster, g.created_at AS "createdAt", g.expires_at AS "expiresAt",
      coalesce(g.lease_until > clock_timestamp(), false) AS "isLeased", r.status AS "requestStatus", r.cluster AS "requestCluster",
      r.created_at AS "requestedAt", r.namespaces, r.rules, r.cluster_role AS "clusterRole",
      r.duration_seconds AS "durationSeconds", r.starts_at AS "startsAt", r.digest, r.reason, r.ticket, r.steps,
      r.policy_hash AS "policyHash", r.entitlement_name AS "entitlementName", e.document AS entitlement,
      r.extends_grant_id AS "extendsGrantId", r.requester_id AS "requesterId", r.approver_groups AS "approverGroups", g.ended_by_name AS "endedByName",
      g.ending_at AS "endingAt", clock_timestamp() AS now,
      ARRAY(SELECT d.person_id FROM decisions d WHERE d.request_id = r.id) AS "deciderIds",
      ${personInSql('p')} AS requester, ${objectsInSql} AS objects
    FROM grants g ${joinedToGrant}
    WHERE g.id = ${id}
    FOR UPDATE OF g`
  return row && { ...row, requester: toPerson(row.requester), objects: objectsOf(row.id, row.objects) }
}

/**
 * The locked grant as a worker would claim it once it ends; null if another pass has it, or its objects may not all be known.
 *
 * NB: a statement that waits for a lock reads the locked row again, but the rows of the objects as they were before the wait.
 * Every object of active access has a uid, so one without shows that they were read too early.
 */
export function toEnd(grant: LockedGrant, endedBy: EndReason): ClaimedGrant | null {
  const { now, id, status, cluster, createdAt, expiresAt, requester, objects, isLeased } = grant
  if (status !== 'active' || isLeased || objects.length === 0 || objects.some(({ uid }) => uid === null)) return null
  const { namespaces, rules, clusterRole, durationSeconds, startsAt, digest, reason, ticket, steps } = grant
  const { policyHash, entitlementName, entitlement, requestId, requestStatus, requestCluster, requestedAt } = grant
  return {
    ...{ now, id, status: 'ending', cluster, createdAt, expiresAt, endingAt: now, endedBy, attempts: 0, slot: 'end' },
    request: {
      ...{ id: requestId, status: requestStatus, cluster: requestCluster, createdAt: requestedAt },
      ...{ namespaces, rules, clusterRole, durationSeconds, startsAt, digest, reason, ticket, steps },
      // How it was submitted and decided, and what it extends, matters to a judgement only.
      ...{
        policyHash,
        entitlementName,
        entitlement,
        extendsGrantId: grant.extendsGrantId,
        heldSince: null,
        agent: null,
        via: null,
        pauses: [],
      },
    },
    ...{ requester, objects },
    // An end reads neither the decisions nor the signatures of what was granted.
    ...{ decisions: [], signatureFailure: null },
  }
}

/** A locked grant without what only its end in this process needs. */
export type EndableGrant = Pick<
  LockedGrant,
  | 'id'
  | 'requestId'
  | 'requesterId'
  | 'approverGroups'
  | 'deciderIds'
  | 'status'
  | 'cluster'
  | 'namespaces'
  | 'policyHash'
  | 'now'
>

/** Locks these grants, always in the same order, so that two calls for some of the same grants never deadlock. */
export const lockGrants = (tx: Tx, ids: readonly string[]): Promise<EndableGrant[]> =>
  tx.$queryRaw<EndableGrant[]>`
    SELECT g.id, g.request_id AS "requestId", r.requester_id AS "requesterId", r.approver_groups AS "approverGroups",
      ARRAY(SELECT d.person_id FROM decisions d WHERE d.request_id = r.id) AS "deciderIds", g.status, g.cluster,
      r.namespaces, r.policy_hash AS "policyHash", clock_timestamp() AS now
    FROM grants g JOIN requests r ON r.id = g.request_id
    WHERE g.id = ANY (${[...ids]}::text[]) ORDER BY g.id FOR UPDATE OF g`
