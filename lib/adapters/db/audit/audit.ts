import { afterTransaction, countRecorded, type Tx, transaction } from '#lib/adapters/db/client'
import type { Actor, Origin } from '#lib/core/access/actor'
import type { Difference } from '#lib/core/access/difference'
import type { AppError } from '#lib/core/access/errors'
import type { Verdict } from '#lib/core/access/verdict-resource'
import type { AuditEventData, AuditEventType, JudgedData } from '#lib/core/audit/events'
import type { Prisma } from '../generated/client.ts'
import { insertEvents } from './events-in-sql.ts'

/** A caller whose identity could not be established: a refused sign-in or bearer token. */
export type UnknownActor = { kind: 'unknown'; name: string; origin: Origin }

/** The subject of an event. `personId` is the owner of the request or grant, who may read the event. */
export type About = {
  requestId?: string
  grantId?: string
  personId?: string
  cluster?: string
  namespaces?: readonly string[]
  policyHash?: string
}

/** An event to record. `before` and `after` are plain JSON and never contain a token. */
export type NewAuditEvent = {
  [T in AuditEventType]: {
    type: T
    actor: Actor | UnknownActor
    data: AuditEventData<T>
    about?: About
    before?: Prisma.InputJsonValue
    after?: Prisma.InputJsonValue
  }
}[AuditEventType]

/** Shortens a sentence to what an event may contain (lib/core/audit/events.ts: at most 4000 characters). */
export const clip = (text: string): string => (text.length <= 4000 ? text : `${text.slice(0, 3999)}…`)

/** The names of the guardrails that blocked; no field without any, because the statistics count events that have it. */
export const namesOf = (stoppedBy: readonly string[]) => (stoppedBy.length > 0 ? { stoppedBy: [...stoppedBy] } : {})

/** The recorded part of a verdict that allowed something: the policy version, the warnings and the new permissions. */
export const judgedData = ({ policyVersion, warnings }: Verdict, difference: Difference | null): JudgedData => ({
  policyVersion,
  warnings: warnings.map(({ code, sentence }) => ({ code, sentence: clip(sentence) })),
  ...(difference ? { difference } : {}),
})

/**
 * Records events in the transaction of the change, in the given order, in one statement.
 * @throws ZodError when the data does not match the event's schema; the transaction must then fail
 */
export async function recordEvents(tx: Tx, events: readonly NewAuditEvent[]) {
  if (events.length === 0) return
  await tx.$executeRaw(insertEvents(events))
  countRecorded(events)
}

/** Records one event in the transaction of the change. */
export const recordEvent = (tx: Tx, event: NewAuditEvent) => recordEvents(tx, [event])

/**
 * Refuses an operation: records the attempt and throws `error`. The event is written in a separate transaction after
 * the throw has rolled back the current one. If it can't be written, that failure is thrown instead of `error`.
 * @param before writes rows that the event refers to, in the same transaction as the event
 */
export async function refuse(
  error: AppError,
  event: NewAuditEvent,
  before?: (tx: Tx) => Promise<void>,
): Promise<never> {
  await afterTransaction(() =>
    transaction(async (tx) => {
      await before?.(tx)
      await recordEvent(tx, event)
    }),
  )
  throw error
}
