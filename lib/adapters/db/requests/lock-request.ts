import type { Tx } from '#lib/adapters/db/client'
import { observedRights, type RightsColumns } from '#lib/adapters/db/clusters/cluster-rights'
import { type PodsColumn, podsInSql, toPods } from '#lib/adapters/db/clusters/pods'
import { findExtendedGrant } from '#lib/adapters/db/grants/extended-grant'
import { type HeldColumns, heldInSql } from '#lib/adapters/db/people/held'
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
import type { Person } from '#lib/core/access/actor'
import { idSchema } from '#lib/core/access/ids'
import type { RequesterHistory } from '#lib/core/access/recorded-facts'
import type { RequestStatus } from '#lib/core/access/status'
import { type ApprovalClock, clockOf } from '#lib/core/approvals/approval-clock'
import type { CompiledGuardrail } from '#lib/core/guardrails/configured/compile'
import type { JudgementFacts } from '#lib/core/guardrails/facts'
import { type ObservedCluster, toObservedCluster } from '#lib/core/guardrails/facts'
import type { ObservedRights } from '#lib/core/rbac/current-access'
import type { SignatureFailure } from '#lib/core/signing/verify-records'
import { Prisma } from '../generated/client.ts'
import { type CommentInSql, commentsInSql, type RecordedComment, toComments } from './comments.ts'
import { type HistoryColumn, historyInSql, toHistory } from './history.ts'

/** A request that is locked until the transaction ends. */
export type LockedRequest = RequestInSql & {
  id: string
  status: RequestStatus
  requester: Person
  /** The requester's stored record with its signature. */
  storedRequester: PersonInSql
  cluster: string
  approverGroups: string[]
  followUpAt: Date | null
  resolvedAt: Date | null
}

/**
 * Locks a request; undefined if it does not exist. A second caller waits here and then sees the changes of the first.
 */
export async function lockRequest(tx: Tx, id: string): Promise<LockedRequest | undefined> {
  if (!idSchema('request').safeParse(id).success) return undefined
  const [row] = await tx.$queryRaw<Array<Omit<LockedRequest, 'requester'>>>`
    SELECT r.id, r.status, r.cluster, r.approver_groups AS "approverGroups", r.resolved_at AS "resolvedAt",
      r.follow_up_at AS "followUpAt",
      ${requestInSql}, ${personInSql('p')} AS "storedRequester"
    FROM requests r
    JOIN people p ON p.id = r.requester_id
    JOIN entitlement_versions e ON e.hash = r.entitlement_hash
    WHERE r.id = ${id}
    FOR UPDATE OF r`
  return row && { ...row, requester: toPerson(row.storedRequester) }
}

export type Situation = {
  now: Date
  decisions: RecordedDecision[]
  comments: RecordedComment[]
  /** Of its reminders and escalations. */
  clock: ApprovalClock
  cluster: ObservedCluster
  rights: ObservedRights
  /** What the requester has already. */
  held: HeldColumns
  /** Other requests of the requester; null if no guardrail needs them. */
  history: RequesterHistory | null
  /** Of each requested namespace whose pods are known; null if no guardrail needs them. */
  pods: JudgementFacts['pods']
  /** The access that it extends; undefined if it extends none. */
  extended: JudgementFacts['extended']
  /** Why these records are not valid; null if all signatures are. */
  signatureFailure: SignatureFailure | null
}

/** The time since which it is held is signed with the request. */
async function extendedBy(tx: Tx, { id, extendsGrantId, heldSince, requester }: LockedRequest) {
  if (extendsGrantId === null) return undefined
  const found = await findExtendedGrant(tx, { grantId: extendsGrantId, personId: requester.id, requestId: id })
  return found && heldSince ? { ...found, heldSince } : null
}

type Row = RightsColumns &
  HeldColumns &
  HistoryColumn &
  PodsColumn & {
    now: Date
    decisions: DecisionInSql[]
    comments: CommentInSql[]
    namespaces: unknown
    clusterRoles: unknown
    reachable: boolean
  }

/**
 * The decisions on a locked request, oldest first, and the last known state of its cluster, in one statement. It runs
 * after the lock, because a statement that waits for a lock returns data from before the wait.
 * @param compiled the guardrails that will judge it, because most need no history
 */
export async function gatherSituation(
  tx: Tx,
  request: LockedRequest,
  compiled: readonly CompiledGuardrail[] = [],
): Promise<Situation> {
  const question = { compiled, personId: request.requester.id, entitlement: request.entitlementName }
  const [row] = await tx.$queryRaw<Row[]>`
    SELECT statement_timestamp() AS now, c.namespaces, c.cluster_roles AS "clusterRoles", c.reachable,
      r.hash AS "rightsHash", r.read_at AS "rightsReadAt", r.error AS "rightsError",
      r.signature AS "rightsSignature",
      ${heldInSql(request.requester.id)}, ${podsInSql(compiled, request.namespaces)},
      ${historyInSql({ ...question, before: { requestId: request.id, approvedAt: null } })},
      ${decisionsInSql(Prisma.sql`${request.id}`)} AS decisions, ${commentsInSql(Prisma.sql`${request.id}`)} AS comments
    FROM (SELECT) AS one LEFT JOIN cluster_states c ON c.name = ${request.cluster}
    LEFT JOIN cluster_rights r ON r.cluster = ${request.cluster}`
  if (!row) throw new Error('a SELECT without a table returned no row')
  const comments = toComments(row.comments)
  return {
    now: row.now,
    decisions: row.decisions.map(toRecordedDecision),
    comments,
    clock: clockOf(request.createdAt, request.requester.id, comments),
    cluster: toObservedCluster(row),
    rights: await observedRights(tx, request.cluster, row),
    history: toHistory(row),
    pods: toPods(row),
    extended: await extendedBy(tx, request),
    held: { openRequests: row.openRequests, liveGrants: row.liveGrants },
    signatureFailure: verificationOf(request, request.storedRequester, row.decisions),
  }
}
