import { isBefore } from '#lib/adapters/db/audit/find-audit-events'
import { reads } from '#lib/adapters/db/client'
import { idOfCursor } from '#lib/adapters/db/cursor'
import type { Difference } from '#lib/core/access/difference'
import type { ApprovalStep, Entitlement } from '#lib/core/access/entitlement'
import type { PersonResource } from '#lib/core/access/person-resource'
import type { RecordedFacts, RefusedSubmission } from '#lib/core/access/recorded-facts'
import type { Rule } from '#lib/core/access/rule'
import { storedVerdict } from '#lib/core/access/verdict'
import type { Verdict } from '#lib/core/access/verdict-resource'
import type { PastRequest } from '#lib/core/guardrails/replay/past-request'
import { Prisma } from '../generated/client.ts'
import { findRequests, type Reader } from './find-requests.ts'

// Past requests, approved or refused, with all facts that a replay by another policy needs.

/** A past request, with its id and requester for lists. */
export type FoundRequest = PastRequest & {
  kind: 'request' | 'refused'
  id: string
  requester: PersonResource
}

const mayKnow = (reader: Reader, requesterId: string) => reader.seesAll || reader.personId === requesterId

type ConfiguredRow = { hash: string; name: string; found: unknown }

/** Looks up entitlements or clusters of stored policy versions by hash and name, each only once. */
async function fromPolicies(part: 'entitlements' | 'clusters', needed: readonly { hash: string; name: string }[]) {
  const keys = new Map(needed.map(({ hash, name }) => [JSON.stringify([hash, name]), { hash, name }]))
  const pairs = [...keys.values()]
  if (pairs.length === 0) return () => null
  const rows = await reads().$queryRaw<ConfiguredRow[]>`
    SELECT w.hash, w.name, one AS found
    FROM unnest(${pairs.map(({ hash }) => hash)}::text[], ${pairs.map(({ name }) => name)}::text[]) AS w(hash, name)
    JOIN policy_versions p ON p.hash = w.hash
    CROSS JOIN LATERAL jsonb_array_elements(p.document -> ${part}::text) AS one
    WHERE one ->> 'name' = w.name`
  const found = new Map(rows.map((row) => [JSON.stringify([row.hash, row.name]), row.found]))
  return (hash: string, name: string): unknown => found.get(JSON.stringify([hash, name])) ?? null
}

type SubmittedTerms = { namespaces: string[]; rules: Rule[]; durationSeconds: number }

async function gatherPastRequests(reader: Reader, ids: readonly string[]): Promise<FoundRequest[]> {
  if (ids.length === 0) return []
  const rows = await reads().request.findMany({
    where: { id: { in: [...ids] } },
    include: {
      requester: { select: { id: true, name: true, email: true, subject: true } },
      entitlement: { select: { document: true } },
    },
  })
  const bare = rows.filter(({ facts }) => facts === null)
  const clusterOf = await fromPolicies(
    'clusters',
    bare.map(({ policyHash, cluster }) => ({ hash: policyHash, name: cluster })),
  )
  return rows.map((row) => {
    const { rules, namespaces, durationSeconds } = row.submittedTerms as SubmittedTerms
    const { subject, ...requester } = row.requester
    const entitlement = row.entitlement.document as Entitlement
    const cluster = clusterOf(row.policyHash, row.cluster) as { labels?: Record<string, string> } | null
    return {
      kind: 'request',
      id: row.id,
      requester,
      at: row.createdAt,
      entitlementName: row.entitlementName,
      entitlement,
      cluster: row.cluster,
      namespaces,
      chosen: entitlement.ceiling ? rules : null,
      granted: rules,
      durationSeconds,
      reason: row.reason,
      ticket: row.ticket,
      startsAt: row.startsAt,
      subject,
      facts: row.facts as RecordedFacts | null,
      difference: row.difference as Difference | null,
      clusterLabels: cluster?.labels ?? null,
      mayKnowRequester: mayKnow(reader, row.requesterId),
      recorded: {
        kind: 'request',
        judged: { verdict: storedVerdict(row.verdict), steps: row.steps as ApprovalStep[] },
      },
    }
  })
}

type RefusedRow = {
  id: string
  at: Date
  personId: string
  name: string
  email: string | null
  subject: string
  cluster: string
  policyHash: string
  data: {
    entitlement: string
    errors: { code?: string; pointer: string; message: string }[]
    matched?: string[]
    submission: RefusedSubmission
  }
}

const isRefusedSubmission = Prisma.sql`type = 'request.refused' AND data -> 'submission' IS NOT NULL`

const selectRefused = (where: Prisma.Sql, limit: number) =>
  reads().$queryRaw<RefusedRow[]>(Prisma.sql`
    SELECT id, at, actor_id AS "personId", actor_name AS name, actor_email AS email, actor_subject AS subject, cluster,
      policy_hash AS "policyHash", data
    FROM audit_events WHERE ${isRefusedSubmission} AND ${where} ORDER BY seq DESC LIMIT ${limit}`)

/** Refused attempts are visible to the person who made them, and to readers who see everything. */
const readable = (reader: Reader) => (reader.seesAll ? Prisma.sql`true` : Prisma.sql`about_id = ${reader.personId}`)

async function toRefusedSubmissions(reader: Reader, rows: readonly RefusedRow[]): Promise<FoundRequest[]> {
  const entitlementOf = await fromPolicies(
    'entitlements',
    rows.map(({ policyHash, data }) => ({ hash: policyHash, name: data.entitlement })),
  )
  return rows.map((row): FoundRequest => {
    const { submission, entitlement, errors, matched = [] } = row.data
    const violations: Verdict['violations'] = errors.map(({ code = 'unknown', pointer, message }) => {
      return { code, pointer, sentence: message }
    })
    return {
      kind: 'refused',
      id: row.id,
      requester: { id: row.personId, name: row.name, email: row.email },
      at: row.at,
      entitlementName: entitlement,
      entitlement: entitlementOf(row.policyHash, entitlement) as Entitlement | null,
      cluster: row.cluster,
      namespaces: submission.facts.namespaces.map(({ name }) => name),
      chosen: submission.rules,
      granted: null,
      durationSeconds: submission.durationSeconds,
      reason: submission.reason,
      ticket: submission.ticket,
      startsAt: submission.startsAt === null ? null : new Date(submission.startsAt),
      subject: row.subject,
      facts: submission.facts,
      difference: submission.difference ?? null,
      clusterLabels: null,
      mayKnowRequester: mayKnow(reader, row.personId),
      recorded: { kind: 'refused', violations, matched },
    }
  })
}

/** `<cursor of requests>.<cursor of refusals>`, either empty. @throws AppError `malformed` */
function partsOf(cursor: string | undefined): { request: string | null; refusal: string | null } {
  const [request, refusal] = cursor?.split('.') ?? []
  return { request: idOfCursor('request', request || undefined), refusal: idOfCursor('event', refusal || undefined) }
}

/**
 * The latest requests that this person may see, newest first, including refused attempts: their own, or all for readers
 * who see everything. A constant number of statements.
 * @throws AppError `malformed` for an invalid cursor
 */
export async function findPastRequests(
  reader: Reader,
  { cursor, limit }: { cursor?: string; limit: number },
): Promise<{ requests: FoundRequest[]; nextCursor: string | null }> {
  const after = partsOf(cursor)
  const ids = await findRequests(reader, { mine: false, after: after.request, limit: limit + 1 })
  const before = after.refusal === null ? Prisma.sql`true` : isBefore(after.refusal, readable(reader))
  const rows = await selectRefused(Prisma.sql`${readable(reader)} AND ${before}`, limit + 1)
  const found = [...(await gatherPastRequests(reader, ids)), ...(await toRefusedSubmissions(reader, rows))]
  const requests = found.sort((a, b) => b.at.getTime() - a.at.getTime() || (a.id < b.id ? 1 : -1)).slice(0, limit)
  if (found.length <= limit) return { requests, nextCursor: null }
  const lastRequest = requests.findLast(({ kind }) => kind === 'request')?.id ?? after.request
  const lastRefusal = requests.findLast(({ kind }) => kind === 'refused')?.id ?? after.refusal
  return {
    requests,
    nextCursor: `${lastRequest ?? ''}.${lastRefusal ?? ''}`,
  }
}

/** One past request by its id, or by the id of its refusal's audit event, if this person may see it. */
export async function findPastRequest(
  reader: Reader,
  id: string,
  maySeeRequest: boolean,
): Promise<FoundRequest | null> {
  if (id.startsWith('req_')) return maySeeRequest ? ((await gatherPastRequests(reader, [id]))[0] ?? null) : null
  const rows = await selectRefused(Prisma.sql`${readable(reader)} AND id = ${id}`, 1)
  return (await toRefusedSubmissions(reader, rows))[0] ?? null
}
