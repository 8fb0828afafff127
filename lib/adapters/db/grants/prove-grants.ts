import { db } from '#lib/adapters/db/client'
import { signingKeys } from '#lib/adapters/db/signing'
import type { EndReason, GrantStatus } from '#lib/core/access/status'
import type { ProvenGrant } from '#lib/core/grants/sweep-plan'
import { type SignatureFailure, type Signed, verifyActivation, verifyEnd } from '#lib/core/signing/verify-records'
import { Prisma } from '../generated/client.ts'

// What the signatures of grants prove, for a sweep that does not believe their rows.

type Row = {
  now: Date
  id: string
  requestId: string
  requesterId: string
  entitlementName: string
  cluster: string
  namespaces: string[]
  policyHash: string
  status: GrantStatus
  activatedAt: Date | null
  expiresAt: Date | null
  signature: string | null
  endedBy: EndReason | null
  endedAt: Date | null
  deniedProbes: unknown
  endSignature: string | null
}

export type Proof = ProvenGrant & {
  grant: Pick<
    Row,
    'id' | 'requestId' | 'requesterId' | 'entitlementName' | 'cluster' | 'namespaces' | 'policyHash' | 'now'
  >
  /** Why the recorded end is not one that a worker signed; null if it is, and if the grant has not ended. */
  forgedEnd: SignatureFailure | null
}

const rowsWhere = (condition: Prisma.Sql) => db().$queryRaw<Row[]>`
  SELECT now() AS now, g.id, g.request_id AS "requestId", r.requester_id AS "requesterId",
    r.entitlement_name AS "entitlementName", g.cluster, r.namespaces, r.policy_hash AS "policyHash", g.status,
    g.activated_at AS "activatedAt", g.expires_at AS "expiresAt", g.signature, g.ended_by AS "endedBy",
    g.ended_at AS "endedAt", g.denied_probes AS "deniedProbes", g.end_signature AS "endSignature"
  FROM grants g JOIN requests r ON r.id = g.request_id WHERE ${condition}`

function toProof({ signature, endSignature, ...row }: Row): Proof {
  const { now, id, requestId, requesterId, entitlementName, cluster, namespaces, policyHash, status } = row
  const activation = { ...row, signature } as Signed<Row & { activatedAt: Date; expiresAt: Date }>
  const isSigned = row.expiresAt !== null && verifyActivation(signingKeys(), activation) === null
  const forgedEnd = status === 'ended' ? verifyEnd(signingKeys(), { ...row, signature: endSignature }, now) : null
  return {
    grant: { now, id, requestId, requesterId, entitlementName, cluster, namespaces, policyHash },
    expiresAt: isSigned ? row.expiresAt : null,
    isEnded: status === 'ended' && forgedEnd === null,
    forgedEnd,
  }
}

/** What the signatures of these grants prove, by id. */
export async function proveGrants(ids: readonly string[]): Promise<Map<string, Proof>> {
  if (ids.length === 0) return new Map()
  const rows = await rowsWhere(Prisma.sql`g.id = ANY(${[...ids]}::text[])`)
  return new Map(rows.map((row) => [row.id, toProof(row)]))
}

/** The grants of a cluster that are recorded as ended within these seconds, although no worker signed that. */
export async function forgedEnds(cluster: string, seconds: number): Promise<Proof[]> {
  const rows = await rowsWhere(Prisma.sql`
    g.cluster = ${cluster} AND g.status = 'ended' AND g.ended_at > now() - make_interval(secs => ${seconds})`)
  return rows.map(toProof).filter(({ forgedEnd }) => forgedEnd !== null)
}
