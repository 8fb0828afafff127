import { db, type Tx } from '#lib/adapters/db/client'
import { accountsOf } from '#lib/adapters/db/people/accounts-of'
import { makeId } from '#lib/core/access/ids'
import type { RequesterHistory } from '#lib/core/access/recorded-facts'
import { type CompiledGuardrail, uses } from '#lib/core/guardrails/configured/compile'
import { Prisma } from '../generated/client.ts'

// Other requests of one person for the same entitlement, and when they were approved. Read in the statement that gathers
// the other facts of a judgement, and only if a guardrail of the policy needs them.

/** Days. docs/guardrails.md names both limits. */
const mostDays = 30
const mostRows = 50

export type HistoryColumn = {
  history: { requests: string[]; grants: string[]; held: Array<{ from: string; to: string }> } | null
}

type Question = {
  compiled: readonly CompiledGuardrail[]
  personId: string
  entitlement: string
  /** Of a submitted request only what came before it counts: its id, and when it was approved, if it was. */
  before: { requestId: string; approvedAt: Date | null } | null
}

/** The smallest id of a request of the last 30 days by this process's clock. Ids sort by time, so the index finds them. */
const oldestId = () => makeId('request', new Date(Date.now() - (mostDays + 1) * 86_400_000), new Uint8Array(10))

/** The column `history`. */
export function historyInSql({ compiled, personId, entitlement, before }: Question): Prisma.Sql {
  if (!uses(compiled, 'history')) return Prisma.sql`NULL::jsonb AS history`
  const isTheirs = Prisma.sql`q.requester_id = ${personId} AND q.id >= ${oldestId()} AND q.entitlement_name = ${entitlement}`
  const isEarlier = before ? Prisma.sql`q.id < ${before.requestId}` : Prisma.sql`true`
  const isOther = before ? Prisma.sql`q.id <> ${before.requestId}` : Prisma.sql`true`
  const isApprovedBefore = before?.approvedAt
    ? Prisma.sql`g.created_at < ${before.approvedAt}::timestamptz`
    : Prisma.sql`true`
  const recent = Prisma.sql`now() - make_interval(days => ${mostDays}::int)`
  return Prisma.sql`jsonb_build_object(
    'requests', (SELECT coalesce(jsonb_agg(h.at ORDER BY h.at DESC), '[]') FROM (
      SELECT q.created_at AS at FROM requests q
      WHERE ${isTheirs} AND ${isEarlier} AND q.created_at > ${recent} ORDER BY q.id DESC LIMIT ${mostRows}::int) h),
    'grants', (SELECT coalesce(jsonb_agg(h.at ORDER BY h.at DESC), '[]') FROM (
      SELECT g.created_at AS at FROM requests q JOIN grants g ON g.request_id = q.id
      WHERE ${isTheirs} AND ${isOther} AND ${isApprovedBefore} AND g.created_at > ${recent}
      ORDER BY q.id DESC LIMIT ${mostRows}::int) h),
    'held', (SELECT coalesce(jsonb_agg(jsonb_build_object('from', h.begun, 'to', h.over) ORDER BY h.begun DESC), '[]') FROM (
      SELECT g.activated_at AS begun, coalesce(g.ended_at, least(g.expires_at, greatest(now(), g.activated_at))) AS over
      FROM requests q JOIN grants g ON g.request_id = q.id
      WHERE ${isTheirs} AND ${isOther} AND ${isApprovedBefore} AND g.activated_at > ${recent}
      ORDER BY q.id DESC LIMIT ${mostRows}::int) h)) AS history`
}

/** For the third judgement, whose other facts are read with the queue. */
export async function readHistory(question: Question): Promise<RequesterHistory | null> {
  if (!uses(question.compiled, 'history')) return null
  const [row] = await db().$queryRaw<HistoryColumn[]>`SELECT ${historyInSql(question)}`
  return row ? toHistory(row) : null
}

export const toHistory = ({ history }: HistoryColumn): RequesterHistory | null =>
  history && {
    requests: history.requests.map((time) => new Date(time)),
    grants: history.grants.map((time) => new Date(time)),
    held: history.held.map(({ from, to }) => ({ from: new Date(from), to: new Date(to) })),
  }

/**
 * Did someone deny a request for the same entitlement, or revoke such access, within a day? Accounts with an address in common
 * count as one person.
 */
export async function wasRefusedRecently(tx: Tx, personId: string, entitlement: string): Promise<boolean> {
  const [row] = await tx.$queryRaw<Array<{ found: boolean }>>`
    SELECT EXISTS (
      SELECT FROM requests r
      JOIN people p ON p.id = r.requester_id
      ${accountsOf(personId)}
      LEFT JOIN grants g ON g.request_id = r.id
      WHERE r.id >= ${oldestId()} AND r.entitlement_name = ${entitlement}
        AND (r.status = 'denied' AND r.resolved_at > now() - interval '1 day'
          OR g.ended_by = 'revocation' AND g.ending_at > now() - interval '1 day')) AS found`
  return row?.found ?? true
}
