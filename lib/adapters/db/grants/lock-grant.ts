import type { Tx } from '#lib/adapters/db/client'
import { idSchema } from '#lib/core/access/ids'
import type { GrantStatus } from '#lib/core/access/status'

/** A grant that is locked until the transaction ends, with the people who may act on it. */
export type LockedGrant = {
  id: string
  requestId: string
  status: GrantStatus
  cluster: string
  namespaces: string[]
  requesterId: string
  approverGroups: string[]
  deciderIds: string[]
  policyHash: string
  endedByName: string | null
  endingAt: Date | null
  now: Date
}

/** Locks a grant; undefined if it does not exist. Its request needs no lock, because it is decided and can't change. */
export async function lockGrant(tx: Tx, id: string): Promise<LockedGrant | undefined> {
  if (!idSchema('grant').safeParse(id).success) return undefined
  const [row] = await tx.$queryRaw<LockedGrant[]>`
    SELECT g.id, g.request_id AS "requestId", g.status, g.cluster, r.namespaces, r.requester_id AS "requesterId",
      r.approver_groups AS "approverGroups", r.policy_hash AS "policyHash", g.ended_by_name AS "endedByName",
      g.ending_at AS "endingAt", clock_timestamp() AS now,
      ARRAY(SELECT d.person_id FROM decisions d WHERE d.request_id = r.id) AS "deciderIds"
    FROM grants g JOIN requests r ON r.id = g.request_id
    WHERE g.id = ${id}
    FOR UPDATE OF g`
  return row
}
