import type { About } from '#lib/adapters/db/audit/audit'
import { db, type Tx } from '#lib/adapters/db/client'
import type { ExtendedGrant } from '#lib/core/access/extension'
import { idSchema } from '#lib/core/access/ids'
import { Prisma } from '../generated/client.ts'
import { type ClaimedRow, claimedInSql, joinedToGrant, toClaimedGrant } from './claimed-grant.ts'

/** Who extends which grant. Of a submitted request: its id, because it does not compete with itself. */
type Question = { grantId: string; personId: string; requestId: string | null }

type Row = ClaimedRow & { isExtended: boolean }

/**
 * The grant that a request extends, with its records verified. Null if it does not exist, belongs to another person, never
 * began, or has records that Postern did not write: one answer for all of these.
 */
export async function findExtendedGrant(tx: Tx, question: Question): Promise<ExtendedGrant | null> {
  const { grantId, personId, requestId } = question
  if (!idSchema('grant').safeParse(grantId).success) return null
  const [row] = await tx.$queryRaw<Row[]>`
    SELECT ${claimedInSql}, 'inspect' AS slot, EXISTS (
      SELECT FROM requests q LEFT JOIN grants n ON n.request_id = q.id
      WHERE q.extends_grant_id = g.id AND q.id IS DISTINCT FROM ${requestId}
        AND (q.status = 'pending' OR n.status IN ('pending', 'active'))) AS "isExtended"
    FROM grants g ${joinedToGrant}
    WHERE g.id = ${grantId} AND r.requester_id = ${personId} AND g.activated_at IS NOT NULL`
  if (!row?.activatedAt) return null
  const { status, endedBy, expiresAt, request, cluster, signatureFailure } = toClaimedGrant(row)
  if (signatureFailure) return null
  const { namespaces, rules, clusterRole, entitlementName } = request
  return {
    ...{ status, endedBy, expiresAt, cluster, namespaces, rules, clusterRole, entitlementName },
    heldSince: request.heldSince ?? row.activatedAt,
    isExtended: row.isExtended,
  }
}

/** The extended grant as the subject of the event that it is superseded. */
export async function findSuperseded(tx: Tx, grantId: string): Promise<{ id: string; about: About } | null> {
  const [row] = await tx.$queryRaw<
    Array<{ requestId: string; personId: string; cluster: string; namespaces: string[]; policyHash: string }>
  >`
    SELECT r.id AS "requestId", r.requester_id AS "personId", g.cluster, r.namespaces, r.policy_hash AS "policyHash"
    FROM grants g JOIN requests r ON r.id = g.request_id WHERE g.id = ${grantId}`
  return row ? { id: grantId, about: { ...row, grantId } } : null
}

/** Whether the access that extends the grant of this id is active, as an expression. */
export const extensionIsActive = (grantId: Prisma.Sql): Prisma.Sql => Prisma.sql`
  EXISTS (SELECT FROM requests q JOIN grants n ON n.request_id = q.id
    WHERE q.extends_grant_id = ${grantId} AND n.status = 'active')`

/** Is the access that extends this grant active? */
export async function isExtensionActive(grantId: string): Promise<boolean> {
  const [row] = await db().$queryRaw<Array<{ found: boolean }>>`
    SELECT ${extensionIsActive(Prisma.sql`${grantId}`)} AS found`
  return row?.found ?? false
}

/** An extension ends: the access that it has extended, if that waits for its programs to change tokens, ends at once too. */
export async function hastenSuperseded(grantId: string | null): Promise<void> {
  if (grantId === null) return
  await db().$executeRaw`
    WITH hastened AS (
      UPDATE grants SET next_attempt_at = now()
      WHERE id = ${grantId} AND status = 'ending' AND ended_by = 'superseded' AND next_attempt_at > now() RETURNING id)
    SELECT pg_notify('postern_grant', id || ' ending') FROM hastened`
}
