import { reads, type Tx } from '#lib/adapters/db/client'
import type { ApprovalStep } from '#lib/core/access/entitlement'
import type { RevocationScope } from '#lib/core/access/revocation-scope'
import type { Rule } from '#lib/core/access/rule'
import type { GrantStatus, RequestStatus } from '#lib/core/access/status'
import { Prisma } from '../generated/client.ts'
import { type CommentInSql, commentsInSql, type RecordedComment, toComments } from './comments.ts'

// Which requests and grants may this person see? This file finds their ids; gather-requests.ts reads the rest.

/** The person who reads. `seesAll` is true for auditors and admins. */
export type Reader = { personId: string; groups: readonly string[]; seesAll: boolean }

type Paging = { after: string | null; limit: number }

/**
 * The ids of visible rows, newest first: the reader's own requests, those that their groups decide, and those that they
 * decided. Three index scans, because PostgreSQL would scan the whole table for one condition with three alternatives.
 */
function visibleIds(reader: Reader, id: Prisma.Sql, from: Prisma.Sql, where: Prisma.Sql, limit: number): Prisma.Sql {
  const page = Prisma.sql`ORDER BY ${id} DESC LIMIT ${limit}`
  if (reader.seesAll) return Prisma.sql`SELECT ${id} AS id ${from} WHERE ${where} ${page}`
  return Prisma.sql`SELECT id FROM (
    (SELECT ${id} AS id ${from} WHERE r.requester_id = ${reader.personId} AND ${where} ${page})
    UNION
    (SELECT ${id} AS id ${from} WHERE r.approver_groups && ${[...reader.groups]}::text[] AND ${where} ${page})
    UNION
    (SELECT ${id} AS id ${from} JOIN decisions d ON d.request_id = r.id
      WHERE d.person_id = ${reader.personId} AND ${where} ${page})
  ) AS visible ORDER BY id DESC LIMIT ${limit}`
}

async function idsOf(query: Prisma.Sql): Promise<string[]> {
  const rows = await reads().$queryRaw<Array<{ id: string }>>(query)
  return rows.map(({ id }) => id)
}

/** Requests that this person may see, newest first; with `mine`, only their own. */
export async function findRequests(
  reader: Reader,
  { mine, status, after, limit }: Paging & { mine: boolean; status?: RequestStatus },
): Promise<string[]> {
  const where = Prisma.sql`${status ? Prisma.sql`r.status = ${status}::request_status` : Prisma.sql`true`}
    AND ${after ? Prisma.sql`r.id < ${after}` : Prisma.sql`true`}`
  if (mine) {
    return idsOf(Prisma.sql`SELECT r.id FROM requests r WHERE r.requester_id = ${reader.personId} AND ${where}
      ORDER BY r.id DESC LIMIT ${limit}`)
  }
  return idsOf(visibleIds(reader, Prisma.sql`r.id`, Prisma.sql`FROM requests r`, where, limit))
}

/** Grants that this person may see, newest first. */
export async function findGrants(
  reader: Reader,
  { status, after, limit }: Paging & { status?: GrantStatus },
): Promise<string[]> {
  const where = Prisma.sql`${status ? Prisma.sql`g.status = ${status}::grant_status` : Prisma.sql`true`}
    AND ${after ? Prisma.sql`g.id < ${after}` : Prisma.sql`true`}`
  const from = Prisma.sql`FROM grants g JOIN requests r ON r.id = g.request_id`
  return idsOf(visibleIds(reader, Prisma.sql`g.id`, from, where, limit))
}

/** An approver, with the facts that exclude requests from their inbox. */
export type Decider = {
  personId: string
  groups: readonly string[]
  /** See `verifiedEmails` in lib/core/access/same-person.ts. */
  emails: readonly string[]
  /** See `wasEverVerified` in the same file. */
  isVerified: boolean
  /**
   * Does the provider guarantee that no one has two accounts? Otherwise only verified e-mail addresses tell people
   * apart.
   */
  isOneSubjectPerPerson: boolean
  /** Entitlements whose steps no longer name any of the person's groups. */
  notTheirs: readonly string[]
}

/** Is the group in a step that a guardrail added? See `addedSteps` in lib/core/approvals/current-steps.ts. */
const inAddedStep = (groups: readonly string[]) => Prisma.sql`EXISTS (
  SELECT FROM jsonb_array_elements(r.steps) s WHERE jsonb_exists_any(s->'groups', ${[...groups]}::text[])
  AND NOT EXISTS (
    SELECT FROM entitlement_versions e, jsonb_array_elements(e.document->'approvals') a
    WHERE e.hash = r.entitlement_hash AND (a->'groups') @> coalesce(s->'named', s->'groups')
      AND (a->'groups') <@ coalesce(s->'named', s->'groups')
      AND (a->'owners') IS NOT DISTINCT FROM (s->'owners') AND (a->'manager') IS NOT DISTINCT FROM (s->'manager')))`

const inboxWhere = ({ personId, groups, emails, isVerified, notTheirs, isOneSubjectPerPerson }: Decider) => Prisma.sql`
  r.status = 'pending' AND r.lapses_at > now() AND r.approver_groups && ${[...groups]}::text[]
  AND r.requester_id <> ${personId}
  AND (r.entitlement_name <> ALL (${[...notTheirs]}::text[]) OR ${inAddedStep(groups)})
  AND NOT EXISTS (SELECT FROM people p WHERE p.id = r.requester_id AND p.known_emails && ${[...emails]}::text[])
  AND (${isOneSubjectPerPerson} OR ${isVerified} AND EXISTS (
    SELECT FROM people p WHERE p.id = r.requester_id AND p.ever_verified))
  AND NOT EXISTS (SELECT FROM decisions d WHERE d.request_id = r.id AND d.person_id = ${personId})`

/** Requests that wait for this person's decision, oldest first. */
export const findInbox = (decider: Decider, { after, limit }: Paging): Promise<string[]> =>
  idsOf(Prisma.sql`SELECT r.id FROM requests r WHERE ${inboxWhere(decider)}
    AND ${after ? Prisma.sql`r.id > ${after}` : Prisma.sql`true`} ORDER BY r.id LIMIT ${limit}`)

/** A waiting request as a row of the inbox. */
export type InboxRow = {
  id: string
  requester: { id: string; name: string }
  entitlement: string
  title: string
  cluster: string
  namespaces: string[]
  rules: Rule[]
  digest: string
  durationSeconds: number
  reason: string
  ticket: string | null
  agent: string | null
  createdAt: Date
  lapsesAt: Date
  startsAt: Date | null
  steps: ApprovalStep[]
  approverGroups: string[]
  comments: RecordedComment[]
}

/** All requests that wait for this person's decision, oldest first, and their number, in one statement. */
export async function findInboxRows(decider: Decider, limit: number): Promise<{ rows: InboxRow[]; total: number }> {
  const rows = await reads().$queryRaw<Array<Omit<InboxRow, 'comments'> & { comments: CommentInSql[]; total: number }>>`
    SELECT r.id, jsonb_build_object('id', p.id, 'name', p.name) AS requester, r.entitlement_name AS entitlement,
      e.document->>'title' AS title, r.cluster, r.namespaces, r.rules, r.digest,
      r.duration_seconds AS "durationSeconds", r.agent, r.reason, r.ticket, r.created_at AS "createdAt",
      r.lapses_at AS "lapsesAt", r.starts_at AS "startsAt", r.steps, r.approver_groups AS "approverGroups",
      CASE WHEN r.comment_count > 0 THEN ${commentsInSql(Prisma.sql`r.id`)} ELSE '[]'::jsonb END AS comments, count(*) OVER ()::int AS total
    FROM requests r JOIN people p ON p.id = r.requester_id JOIN entitlement_versions e ON e.hash = r.entitlement_hash
    WHERE ${inboxWhere(decider)} ORDER BY r.id LIMIT ${limit}`
  const read = rows.map(({ comments, ...row }) => ({ ...row, comments: toComments(comments) }))
  return { rows: read, total: rows[0]?.total ?? 0 }
}

/** The number of requests that wait for this person's decision. */
export async function countInbox(decider: Decider): Promise<number> {
  const [row] = await reads().$queryRaw<Array<{ count: number }>>(
    Prisma.sql`SELECT count(*)::int AS count FROM requests r WHERE ${inboxWhere(decider)}`,
  )
  return row?.count ?? 0
}

/** What a bulk revocation ends: all live access of one person, of one entitlement, in one namespace or on one cluster. */
const inScope = ({ by, name }: RevocationScope): Prisma.Sql =>
  ({
    person: Prisma.sql`r.requester_id = ${name}`,
    entitlement: Prisma.sql`r.entitlement_name = ${name}`,
    namespace: Prisma.sql`${name} = ANY (r.namespaces)`,
    cluster: Prisma.sql`g.cluster = ${name}`,
  })[by]

/**
 * Live access, from the grants that have not ended: there are few of them, while the requests of a group are as many as
 * its history is long.
 */
const liveAccess = ({ personId, groups, seesAll }: Reader, scope: RevocationScope | null) => Prisma.sql`
  FROM grants g JOIN requests r ON r.id = g.request_id
  WHERE g.status IN ('pending', 'active', 'ending') AND ${scope ? inScope(scope) : Prisma.sql`true`}
  AND (${seesAll} OR r.requester_id = ${personId} OR r.approver_groups && ${[...groups]}::text[]
    OR EXISTS (SELECT FROM decisions d WHERE d.request_id = r.id AND d.person_id = ${personId}))`

/** The requests with live access that this person may see, newest first. */
export const findLiveAccess = (
  reader: Reader,
  { scope, after, limit }: Paging & { scope: RevocationScope | null },
): Promise<string[]> =>
  idsOf(Prisma.sql`SELECT r.id ${liveAccess(reader, scope)} AND ${after ? Prisma.sql`r.id < ${after}` : Prisma.sql`true`}
    ORDER BY r.id DESC LIMIT ${limit}`)

/** A live grant with what decides who may revoke it. */
export type LiveGrant = {
  id: string
  requestId: string
  status: GrantStatus
  holder: string
  approverGroups: string[]
}

/** The live grants of a scope that this person may see, oldest first. */
export const findLiveGrants = (tx: Tx, reader: Reader, scope: RevocationScope): Promise<LiveGrant[]> =>
  tx.$queryRaw<LiveGrant[]>`
    SELECT g.id, g.request_id AS "requestId", g.status, r.approver_groups AS "approverGroups",
      (SELECT p.name FROM people p WHERE p.id = r.requester_id) AS holder
    ${liveAccess(reader, scope)} ORDER BY g.id`

export type LiveScope = RevocationScope & { label: string; count: number; revocable: number }

/**
 * Every person, entitlement, namespace and cluster with live access that this person may see, how much of it there is,
 * and how much of it an approver in these groups, or an admin, may revoke.
 */
export async function countLiveAccess(reader: Reader, isAdmin: boolean): Promise<LiveScope[]> {
  return reads().$queryRaw<LiveScope[]>`
    WITH live AS (
      SELECT g.cluster, g.status <> 'ending' AND (${isAdmin} OR r.approver_groups && ${[...reader.groups]}::text[])
        AS revocable, r.namespaces, r.requester_id, r.entitlement_name, r.entitlement_hash ${liveAccess(reader, null)}),
    scopes AS (
      SELECT 'person' AS by, l.requester_id AS name, p.name AS label, l.revocable
        FROM live l JOIN people p ON p.id = l.requester_id
      UNION ALL SELECT 'entitlement', l.entitlement_name, e.document->>'title', l.revocable
        FROM live l JOIN entitlement_versions e ON e.hash = l.entitlement_hash
      UNION ALL SELECT 'namespace', one, one, l.revocable FROM live l CROSS JOIN unnest(l.namespaces) AS one
      UNION ALL SELECT 'cluster', l.cluster, l.cluster, l.revocable FROM live l)
    SELECT by, name, max(label) AS label, count(*)::int AS count, count(*) FILTER (WHERE revocable)::int AS revocable
    FROM scopes GROUP BY by, name ORDER BY by, max(label), name`
}

/** A person's decisions and the requests that they were about, newest first. */
export const findDecisions = (
  personId: string,
  { after, limit }: Paging,
): Promise<
  Array<{ id: string; requestId: string; decision: 'approve' | 'deny'; note: string | null; createdAt: Date }>
> =>
  reads().decision.findMany({
    where: { personId, ...(after ? { id: { lt: after } } : {}) },
    select: { id: true, requestId: true, decision: true, note: true, createdAt: true },
    orderBy: { id: 'desc' },
    take: limit,
  })

export type OwnRequests = { now: string[]; allNow: number; before: string[]; allBefore: number }

/**
 * A person's own requests, and how many there are: those that have a live grant or are pending, in this order, and the
 * others. Newest first within each.
 */
export async function findOwnRequests(personId: string, most: { now: number; before: number }): Promise<OwnRequests> {
  const [row] = await reads().$queryRaw<OwnRequests[]>`
    WITH own AS (
      SELECT r.id, CASE WHEN g.status = 'active' THEN 0 WHEN g.status = 'ending' THEN 1 WHEN g.status = 'pending' THEN 2
        WHEN r.status = 'pending' THEN 3 END AS rank
      FROM requests r LEFT JOIN grants g ON g.request_id = r.id WHERE r.requester_id = ${personId})
    SELECT ARRAY(SELECT id FROM own WHERE rank IS NOT NULL ORDER BY rank, id DESC LIMIT ${most.now}) AS now,
      (SELECT count(*)::int FROM own WHERE rank IS NOT NULL) AS "allNow",
      ARRAY(SELECT id FROM own WHERE rank IS NULL ORDER BY id DESC LIMIT ${most.before}) AS before,
      (SELECT count(*)::int FROM own WHERE rank IS NULL) AS "allBefore"`
  return row ?? { now: [], allNow: 0, before: [], allBefore: 0 }
}
