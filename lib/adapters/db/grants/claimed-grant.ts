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
import { type CommentInSql, commentsInSql, toComments } from '#lib/adapters/db/requests/comments'
import { signingKeys } from '#lib/adapters/db/signing'
import type { Person } from '#lib/core/access/actor'
import { type Id, idSchema } from '#lib/core/access/ids'
import { namespacePattern } from '#lib/core/access/namespaces'
import { type SubmittedVia, viaOf } from '#lib/core/access/recorded-facts'
import type { EndReason, GrantStatus, RequestStatus } from '#lib/core/access/status'
import { type ApprovalClock, clockOf } from '#lib/core/approvals/approval-clock'
import { type ObjectKey, objectKinds } from '#lib/core/grants/manifests'
import { objectName } from '#lib/core/grants/names'
import type { RecordedObject } from '#lib/core/grants/plan'
import type { SlotKind } from '#lib/core/grants/slots'
import { type SignatureFailure, type Signed, verifyActivation } from '#lib/core/signing/verify-records'
import { Prisma } from '../generated/client.ts'

/** A grant with all facts for its next step, as of the database's `now`. */
export type ClaimedGrant = {
  now: Date
  id: Id<'grant'>
  status: GrantStatus
  cluster: string
  /** When the last approval was given. */
  createdAt: Date
  expiresAt: Date | null
  /** When the decision to end it was committed. */
  endingAt: Date | null
  endedBy: EndReason | null
  attempts: number
  /** Whose slot it occupies while it is processed. */
  slot: SlotKind
  request: Pick<
    RequestInSql,
    | 'namespaces'
    | 'rules'
    | 'clusterRole'
    | 'durationSeconds'
    | 'startsAt'
    | 'agent'
    | 'digest'
    | 'reason'
    | 'ticket'
    | 'steps'
    | 'policyHash'
    | 'entitlementName'
    | 'entitlement'
    | 'createdAt'
    | 'extendsGrantId'
    | 'heldSince'
  > & {
    id: Id<'request'>
    status: RequestStatus
    cluster: string
    via: SubmittedVia | null
    /** When the clock of its escalation was stopped. */
    pauses: ApprovalClock['pauses']
  }
  requester: Person
  decisions: RecordedDecision[]
  objects: RecordedObject[]
  /** Why these records grant nothing; null if their signatures are valid, or if the grant is ending anyway. */
  signatureFailure: SignatureFailure | null
}

/** A row of a statement that selects `claimedInSql` and the kind of slot. */
export type ClaimedRow = Omit<
  ClaimedGrant,
  'createdAt' | 'request' | 'requester' | 'decisions' | 'objects' | 'signatureFailure'
> &
  RequestInSql & {
    requestId: Id<'request'>
    requestStatus: RequestStatus
    requestCluster: string
    requester: PersonInSql
    decisions: DecisionInSql[]
    comments: CommentInSql[]
    approvedAt: Date
    activatedAt: Date | null
    activation: string | null
    objects: ObjectInSql[]
  }

/** An element of `objectsInSql`. */
export type ObjectInSql = ObjectKey & { uid: string | null; removedAt: string | null; fingerprint: string | null }

function verifyClaim(row: ClaimedRow): SignatureFailure | null {
  if (row.status === 'ending') return null
  const { requestId: id, requestCluster: cluster, requester } = row
  const approval = verificationOf({ ...row, id, cluster }, requester, row.decisions)
  if (approval || row.status !== 'active') return approval
  const grant = { ...row, requesterId: requester.id, signature: row.activation }
  return verifyActivation(signingKeys(), grant as Signed<typeof grant & { activatedAt: Date; expiresAt: Date }>)
}

/**
 * An object with another name, or of another kind, does not belong to this grant, whatever its row says: it is neither
 * created nor deleted.
 */
const isObjectOf = (grantId: string, { kind, namespace, name }: ObjectKey) =>
  idSchema('grant').safeParse(grantId).success &&
  name === objectName(grantId) &&
  objectKinds.includes(kind) &&
  namespacePattern.test(namespace)

/** The objects of a grant, as its rows describe them. */
export const objectsOf = (grantId: string, rows: readonly ObjectInSql[]): RecordedObject[] =>
  rows
    .filter((object) => isObjectOf(grantId, object))
    .map(({ removedAt, ...object }) => ({ ...object, removedAt: removedAt === null ? null : new Date(removedAt) }))

export function toClaimedGrant(row: ClaimedRow): ClaimedGrant {
  const { now, id, status, cluster, expiresAt, endingAt, endedBy, attempts, slot } = row
  const { namespaces, rules, clusterRole, durationSeconds, startsAt, digest, reason, ticket, steps } = row
  const { policyHash, entitlementName, entitlement, createdAt, extendsGrantId, heldSince, agent } = row
  const { pauses } = clockOf(createdAt, row.requester.id, toComments(row.comments))
  return {
    ...{ now, id, status, cluster, createdAt: row.approvedAt, expiresAt, endingAt, endedBy, attempts, slot },
    request: {
      ...{ id: row.requestId, status: row.requestStatus, cluster: row.requestCluster },
      ...{ namespaces, rules, clusterRole, durationSeconds, startsAt, digest, reason, ticket, steps },
      ...{
        policyHash,
        entitlementName,
        entitlement,
        createdAt,
        extendsGrantId,
        heldSince,
        agent,
        pauses,
        via: viaOf(row.facts),
      },
    },
    requester: toPerson(row.requester),
    decisions: row.decisions.map(toRecordedDecision),
    objects: objectsOf(id, row.objects),
    signatureFailure: verifyClaim(row),
  }
}

/** The recorded objects of a grant `g`. */
export const objectsInSql = Prisma.sql`
  (SELECT coalesce(jsonb_agg(jsonb_build_object('kind', o.kind, 'namespace', o.namespace, 'name', o.name,
      'uid', o.uid, 'removedAt', o.removed_at, 'fingerprint', o.fingerprint)), '[]')
    FROM grant_objects o WHERE o.grant_id = g.id)`

/** The columns of a grant `g` that a worker needs, for a statement that is `joinedToGrant`. */
export const claimedInSql = Prisma.sql`clock_timestamp() AS now, g.id, g.status, g.cluster, g.created_at AS "approvedAt",
  g.activated_at AS "activatedAt", g.expires_at AS "expiresAt", g.signature AS activation, g.ending_at AS "endingAt",
  g.ended_by AS "endedBy", g.attempts, r.id AS "requestId", r.status AS "requestStatus", r.cluster AS "requestCluster",
  ${requestInSql}, ${personInSql('p')} AS requester, ${decisionsInSql(Prisma.sql`r.id`)} AS decisions,
  ${commentsInSql(Prisma.sql`r.id`)} AS comments, ${objectsInSql} AS objects`

export const joinedToGrant = Prisma.sql`
  JOIN requests r ON r.id = g.request_id
  JOIN people p ON p.id = r.requester_id
  JOIN entitlement_versions e ON e.hash = r.entitlement_hash`
