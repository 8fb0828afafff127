import type { NewAuditEvent } from '#lib/adapters/db/audit/audit'
import { insertEvents } from '#lib/adapters/db/audit/events-in-sql'
import { AppError } from '#lib/core/access/errors'
import type { Probes } from '#lib/core/access/probe-resource'
import type { Rule } from '#lib/core/access/rule'
import { type EndReason, type GrantStatus, grantMoves, type RequestStatus, requestMoves } from '#lib/core/access/status'
import { countRecorded, type Tx } from './client.ts'
import { Prisma } from './generated/client.ts'

// The only code that changes a status. Each move names the status that it starts from; if the row has another status,
// someone else was faster and the move is a conflict. The same statement records the event: one round trip, and outside
// a transaction one commit, because it delays the beginning and the end of access.

type Events = NewAuditEvent | readonly NewAuditEvent[]
const listOf = (events: Events): readonly NewAuditEvent[] => ('type' in events ? [events] : events)

/**
 * Data-modifying statements that run together with a move. Each must change nothing unless `ifMoved` holds, because a
 * lost race is not an error to the database.
 */
export type Together = readonly Prisma.Sql[]

type Columns = Readonly<Record<string, readonly [column: string, type: string]>>

/** The SET clause of an UPDATE. Names and types come only from the tables below; values are parameters. */
function assignments(columns: Columns, set: Record<string, unknown>): Prisma.Sql {
  const parts = Object.entries(set).flatMap(([name, value]) => {
    const column = columns[name]
    if (!column) throw new Error(`${name} is not a column of a move`)
    if (value === undefined) return []
    const isJson = column[1] === 'jsonb' && value !== null
    const given = value instanceof Date ? value.toISOString() : isJson ? JSON.stringify(value) : value
    return [Prisma.sql`${Prisma.raw(column[0])} = ${given}::${Prisma.raw(column[1])}`]
  })
  return Prisma.join(parts, ', ')
}

/** The condition, in a statement `together` with a move, that the move has happened. */
export const ifMoved = Prisma.sql`EXISTS (SELECT FROM moved)`

/** Executes a move. Returns how many rows had the status that it starts from; without any nothing is written. */
async function move(
  tx: Tx,
  update: Prisma.Sql,
  events: Events,
  together: Together,
  before: Prisma.Sql[] = [],
): Promise<number> {
  const parts = [
    ...before,
    Prisma.sql`moved AS (${update} RETURNING 1)`,
    Prisma.sql`recorded AS (${insertEvents(listOf(events), ifMoved)})`,
    ...together.map((statement, index) => Prisma.sql`${Prisma.raw(`together_${index}`)} AS (${statement})`),
  ]
  const rows = await tx.$queryRaw<unknown[]>`WITH ${Prisma.join(parts, ', ')} SELECT 1 FROM moved`
  if (rows.length > 0) countRecorded(listOf(events))
  return rows.length
}

/** The columns that a request's move may set: when it was resolved, and the narrowed terms. */
export type RequestMove = {
  namespaces?: readonly string[]
  rules?: readonly Rule[]
  durationSeconds?: number
  digest?: string
  resolvedAt: Date
}

const requestColumns: Columns = {
  namespaces: ['namespaces', 'text[]'],
  rules: ['rules', 'jsonb'],
  durationSeconds: ['duration_seconds', 'int'],
  digest: ['digest', 'text'],
  resolvedAt: ['resolved_at', 'timestamptz'],
  status: ['status', 'request_status'],
}

/**
 * Moves a request to another status and records why.
 * @throws AppError `conflict` when the request no longer has the status `from`
 */
export async function moveRequest(
  tx: Tx,
  id: string,
  from: RequestStatus,
  to: RequestStatus,
  events: Events,
  set: RequestMove,
  together: Together = [],
) {
  if (!requestMoves[from].includes(to)) throw new Error(`a request cannot go from ${from} to ${to}`)
  const update = Prisma.sql`UPDATE requests SET ${assignments(requestColumns, { ...set, status: to })}
    WHERE id = ${id} AND status = ${from}::request_status`
  if (await move(tx, update, events, together)) return
  throw new AppError('conflict', `This request is no longer ${from}. Reload the page to see what happened.`)
}

/** The columns that a grant's move may set. */
export type GrantMove = {
  activatedAt?: Date
  expiresAt?: Date
  endingAt?: Date
  endedBy?: EndReason
  endedByName?: string
  endNote?: string | null
  endedAt?: Date | null
  allowedProbes?: Probes
  deniedProbes?: Probes | null
  lastError?: string | null
  attempts?: number
  nextAttemptAt?: Date | null
  leaseUntil?: Date | null
  leasedBy?: string | null
  signature?: string
  endSignature?: string | null
}

const grantColumns: Columns = {
  activatedAt: ['activated_at', 'timestamptz'],
  expiresAt: ['expires_at', 'timestamptz'],
  endingAt: ['ending_at', 'timestamptz'],
  endedBy: ['ended_by', 'end_reason'],
  endedByName: ['ended_by_name', 'text'],
  endNote: ['end_note', 'text'],
  endedAt: ['ended_at', 'timestamptz'],
  allowedProbes: ['allowed_probes', 'jsonb'],
  deniedProbes: ['denied_probes', 'jsonb'],
  lastError: ['last_error', 'text'],
  attempts: ['attempts', 'int'],
  nextAttemptAt: ['next_attempt_at', 'timestamptz'],
  leaseUntil: ['lease_until', 'timestamptz'],
  leasedBy: ['leased_by', 'text'],
  signature: ['signature', 'text'],
  endSignature: ['end_signature', 'text'],
  status: ['status', 'grant_status'],
}

/** Access that ends at the moment at which this move begins the access that extends it. */
export type Superseded = { id: string; at: Date; event: NewAuditEvent }

/**
 * Locks the extended grant first, so that it can't be revoked meanwhile, and ends it in the statement of the move. Access that
 * someone has ended is not extended: the move then changes nothing. One that has just expired needs no other end.
 */
const superseding = ({ id, at, event }: Superseded) => {
  const set = {
    status: 'ending',
    endedBy: 'superseded',
    endedByName: 'Postern',
    endingAt: at,
    nextAttemptAt: at,
    attempts: 0,
  }
  return {
    before: [
      Prisma.sql`extended AS (SELECT id, status FROM grants
        WHERE id = ${id} AND (status = 'active' OR ended_by = 'expiry') FOR UPDATE)`,
    ],
    isExtended: Prisma.sql`EXISTS (SELECT FROM extended)`,
    together: [
      Prisma.sql`${insertEvents([event], Prisma.sql`${ifMoved} AND EXISTS (SELECT FROM extended WHERE status = 'active')`)}`,
      Prisma.sql`UPDATE grants SET ${assignments(grantColumns, set)}
        WHERE ${ifMoved} AND id = (SELECT id FROM extended WHERE status = 'active') AND status = 'active'`,
    ],
  }
}

/**
 * Moves a grant to another status and records why. It is one statement, so with `db()` as `tx` it is its own
 * transaction.
 * @param superseded the access that this one extends, if any
 * @throws AppError `conflict` when the grant no longer has the status `from`, or someone has ended what it extends
 */
export async function moveGrant(
  tx: Tx,
  id: string,
  from: GrantStatus,
  to: GrantStatus,
  events: Events,
  set: GrantMove = {},
  together: Together = [],
  superseded: Superseded | null = null,
) {
  if (!grantMoves[from].includes(to)) throw new Error(`a grant cannot go from ${from} to ${to}`)
  const extension = superseded && superseding(superseded)
  const update = Prisma.sql`UPDATE grants SET ${assignments(grantColumns, { ...set, status: to })}
    WHERE id = ${id} AND status = ${from}::grant_status AND ${extension?.isExtended ?? Prisma.sql`true`}`
  if (await move(tx, update, events, [...together, ...(extension?.together ?? [])], extension?.before)) return
  throw new AppError('conflict', `This grant is no longer ${from}. Reload the page to see what happened.`)
}

/**
 * Moves many locked grants at once, in one statement: many statements would not finish in the time of a transaction when
 * the database is slow.
 * @throws AppError `conflict` when one of them no longer has the status that it was locked with
 */
export async function moveGrants(
  tx: Tx,
  grants: readonly { id: string; status: GrantStatus }[],
  to: GrantStatus,
  events: readonly NewAuditEvent[],
  set: GrantMove,
) {
  for (const { status } of grants)
    if (!grantMoves[status].includes(to)) throw new Error(`a grant cannot go from ${status} to ${to}`)
  const update = Prisma.sql`UPDATE grants SET ${assignments(grantColumns, { ...set, status: to })}
    FROM unnest(${grants.map(({ id }) => id)}::text[], ${grants.map(({ status }) => status)}::text[]) AS locked(id, status)
    WHERE grants.id = locked.id AND grants.status = locked.status::grant_status`
  if ((await move(tx, update, events, [])) === grants.length) return
  throw new AppError('conflict', 'Some of these grants have changed. Reload the page to see what happened.')
}
