import { AppError } from '#lib/access/errors'
import { type GrantStatus, grantMoves, type RequestStatus, requestMoves } from '#lib/access/status'
import { type NewAuditEvent, recordEvents } from './audit.ts'
import type { Tx } from './client.ts'
import type { Prisma } from './generated/client.ts'

// The only code that writes a status. Each move names the status it starts from; a row that is no longer there was moved
// by somebody faster, and whoever lost is told. The fact is recorded in the same transaction.

type Events = NewAuditEvent | readonly NewAuditEvent[]
const listOf = (events: Events): readonly NewAuditEvent[] => ('type' in events ? [events] : events)

/** What may be written together with a request's move: when it was decided, and the terms an approver narrowed. */
export type RequestMove = Pick<
  Prisma.RequestUncheckedUpdateManyInput,
  'namespaces' | 'rules' | 'durationSeconds' | 'digest'
> & { resolvedAt: Date }

/**
 * Moves a request and records why.
 * @throws AppError `conflict` when the request is not in `from` any more
 */
export async function moveRequest(
  tx: Tx,
  id: string,
  from: RequestStatus,
  to: RequestStatus,
  events: Events,
  set: RequestMove,
) {
  if (!requestMoves[from].includes(to)) throw new Error(`a request cannot go from ${from} to ${to}`)
  const { count } = await tx.request.updateMany({ where: { id, status: from }, data: { ...set, status: to } })
  if (count === 0) throw new AppError('conflict', `This request is not ${from} any more. Reload to see what happened.`)
  await recordEvents(tx, listOf(events))
}

/** What may be written together with a grant's move. */
export type GrantMove = Omit<
  Prisma.GrantUncheckedUpdateManyInput,
  'id' | 'status' | 'requestId' | 'cluster' | 'durationSeconds' | 'createdAt'
>

/**
 * Moves a grant and records why.
 * @throws AppError `conflict` when the grant is not in `from` any more
 */
export async function moveGrant(
  tx: Tx,
  id: string,
  from: GrantStatus,
  to: GrantStatus,
  events: Events,
  set: GrantMove = {},
) {
  if (!grantMoves[from].includes(to)) throw new Error(`a grant cannot go from ${from} to ${to}`)
  const { count } = await tx.grant.updateMany({ where: { id, status: from }, data: { ...set, status: to } })
  if (count === 0) throw new AppError('conflict', `This grant is not ${from} any more. Reload to see what happened.`)
  await recordEvents(tx, listOf(events))
}
