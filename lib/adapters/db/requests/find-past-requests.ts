import type { Difference } from '#lib/core/access/difference'
import type { ApprovalStep, Entitlement } from '#lib/core/access/entitlement'
import { AppError } from '#lib/core/access/errors'
import type { RecordedFacts, RefusedAsk } from '#lib/core/access/recorded-facts'
import type { PersonResource, Verdict } from '#lib/core/access/resources'
import type { Rule } from '#lib/core/access/rule'
import { storedVerdict } from '#lib/core/access/verdict'
import type { TriedAsk } from '#lib/adapters/policy/trial'
import { reads } from '#lib/adapters/db/client'
import { idOfCursor, numberOfCursor, toCursor } from '#lib/adapters/db/cursor'
import { findRequests, type Reader } from './find-requests.ts'
import { Prisma } from '../generated/client.ts'

// What was asked for, granted or refused, with everything that another policy needs to judge it as it was asked.

/** An ask, and how lists name it. */
export type FoundAsk = TriedAsk & {
  kind: 'request' | 'refused'
  id: string
  requester: PersonResource
}

const mayKnow = (reader: Reader, requesterId: string) => reader.seesAll || reader.personId === requesterId

type ConfiguredRow = { hash: string; name: string; found: unknown }

/** Parts of kept configurations by hash and name: each is looked up once. */
async function fromPolicies(part: 'entitlements' | 'clusters', wanted: readonly { hash: string; name: string }[]) {
  const keys = new Map(wanted.map(({ hash, name }) => [JSON.stringify([hash, name]), { hash, name }]))
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

type AskedTerms = { namespaces: string[]; rules: Rule[]; durationSeconds: number }

async function gatherRequestAsks(reader: Reader, ids: readonly string[]): Promise<FoundAsk[]> {
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
    const { rules, namespaces, durationSeconds } = row.asked as AskedTerms
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
      said: { kind: 'request', judged: { verdict: storedVerdict(row.verdict), steps: row.steps as ApprovalStep[] } },
    }
  })
}

type RefusedRow = {
  seq: bigint
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
    fired?: string[]
    asked: RefusedAsk
  }
}

const isRefusedAsk = Prisma.sql`type = 'request.refused' AND data -> 'asked' IS NOT NULL`

const selectRefused = (where: Prisma.Sql, limit: number) =>
  reads().$queryRaw<RefusedRow[]>(Prisma.sql`
    SELECT seq, id, at, actor_id AS "personId", actor_name AS name, actor_email AS email, actor_subject AS subject, cluster,
      policy_hash AS "policyHash", data
    FROM audit_events WHERE ${isRefusedAsk} AND ${where} ORDER BY seq DESC LIMIT ${limit}`)

/** Attempts are read by whoever made them, and by those who read everything. */
const readable = (reader: Reader) => (reader.seesAll ? Prisma.sql`true` : Prisma.sql`about_id = ${reader.personId}`)

async function toRefusedAsks(reader: Reader, rows: readonly RefusedRow[]): Promise<FoundAsk[]> {
  const entitlementOf = await fromPolicies(
    'entitlements',
    rows.map(({ policyHash, data }) => ({ hash: policyHash, name: data.entitlement })),
  )
  return rows.map((row): FoundAsk => {
    const { asked, entitlement, errors, fired = [] } = row.data
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
      namespaces: asked.facts.namespaces.map(({ name }) => name),
      chosen: asked.rules,
      granted: null,
      durationSeconds: asked.durationSeconds,
      reason: asked.reason,
      ticket: asked.ticket,
      startsAt: asked.startsAt === null ? null : new Date(asked.startsAt),
      subject: row.subject,
      facts: asked.facts,
      difference: asked.difference ?? null,
      clusterLabels: null,
      mayKnowRequester: mayKnow(reader, row.personId),
      said: { kind: 'refused', violations, fired },
    }
  })
}

/** `<cursor of requests>.<cursor of refusals>`, either empty. @throws AppError `malformed` */
function partsOf(cursor: string | undefined): { request: string | null; refusal: bigint | null } {
  if (cursor === undefined) return { request: null, refusal: null }
  const [request, refusal, ...more] = cursor.split('.')
  if (request === undefined || refusal === undefined || more.length > 0) {
    throw new AppError('malformed', 'The cursor is not one that a replay gave.', {
      errors: [{ pointer: '/cursor', message: 'must be the nextCursor of an earlier replay, unchanged' }],
    })
  }
  return { request: idOfCursor('request', request || undefined), refusal: numberOfCursor(refusal || undefined) }
}

/**
 * The last asks that this person may see, newest first: requests, and their own refused attempts (everybody's for those
 * who read everything). A constant number of statements.
 * @throws AppError `malformed` for a cursor that was not given
 */
export async function findAsks(
  reader: Reader,
  { cursor, limit }: { cursor?: string; limit: number },
): Promise<{ asks: FoundAsk[]; nextCursor: string | null }> {
  const after = partsOf(cursor)
  const ids = await findRequests(reader, { mine: false, after: after.request, limit: limit + 1 })
  const before = after.refusal === null ? Prisma.sql`true` : Prisma.sql`seq < ${after.refusal}`
  const rows = await selectRefused(Prisma.sql`${readable(reader)} AND ${before}`, limit + 1)
  const found = [...(await gatherRequestAsks(reader, ids)), ...(await toRefusedAsks(reader, rows))]
  const asks = found.sort((a, b) => b.at.getTime() - a.at.getTime() || (a.id < b.id ? 1 : -1)).slice(0, limit)
  if (found.length <= limit) return { asks, nextCursor: null }
  const lastRequest = asks.findLast(({ kind }) => kind === 'request')?.id ?? after.request
  const lastRefused = asks.findLast(({ kind }) => kind === 'refused')?.id
  const lastRefusal = rows.find(({ id }) => id === lastRefused)?.seq ?? after.refusal
  const parts = [lastRequest, lastRefusal === null ? null : String(lastRefusal)]
  return { asks, nextCursor: parts.map((part) => (part === null ? '' : toCursor(part))).join('.') }
}

/** One ask by the id of its request or of the event of its refusal, if this person may see it. */
export async function findAsk(reader: Reader, id: string, maySeeRequest: boolean): Promise<FoundAsk | null> {
  if (id.startsWith('req_')) return maySeeRequest ? ((await gatherRequestAsks(reader, [id]))[0] ?? null) : null
  const rows = await selectRefused(Prisma.sql`${readable(reader)} AND id = ${id}`, 1)
  return (await toRefusedAsks(reader, rows))[0] ?? null
}
