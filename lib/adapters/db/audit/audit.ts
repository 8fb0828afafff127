import { afterTransaction, countRecorded, type Tx, transaction } from '#lib/adapters/db/client'
import { newId } from '#lib/adapters/db/ids'
import type { Actor, Origin } from '#lib/core/access/actor'
import type { Difference } from '#lib/core/access/difference'
import type { AppError } from '#lib/core/access/errors'
import type { Verdict } from '#lib/core/access/verdict-resource'
import { type AuditEventData, type AuditEventType, auditEvents, type JudgedData } from '#lib/core/audit/events'
import type { Prisma } from '../generated/client.ts'

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

function who(actor: Actor | UnknownActor) {
  if (actor.kind === 'person') {
    const { id, issuer, subject, name, email } = actor.person
    return { actorId: id, actorIssuer: issuer, actorSubject: subject, actorName: name, actorEmail: email }
  }
  return { actorName: actor.kind === 'system' ? actor.component : actor.name }
}

/**
 * Text that PostgreSQL can store: without NUL and without unpaired surrogates. Refused input is untrusted text and must
 * not prevent its own refusal from being recorded.
 */
function storable<T>(value: T): T {
  if (typeof value === 'string') return value.toWellFormed().replaceAll('\0', '\ufffd') as T
  if (Array.isArray(value)) return value.map(storable) as T
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [storable(key), storable(inner)])) as T
}

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

/** The validated row of an event, for statements that also write something else (events-in-sql.ts). */
export function toEventRow({
  type,
  actor,
  data,
  about = {},
  before,
  after,
}: NewAuditEvent): Prisma.AuditEventCreateManyInput {
  return storable({
    id: newId('event'),
    type,
    actorKind: actor.kind,
    ...who(actor),
    via: actor.origin.via,
    clientAddress: actor.origin.clientAddress,
    reference: actor.origin.reference,
    requestId: about.requestId,
    grantId: about.grantId,
    aboutId: about.personId,
    cluster: about.cluster,
    namespaces: [...(about.namespaces ?? [])],
    policyHash: about.policyHash,
    // The schema is an allow-list: parse() throws for unknown fields.
    data: auditEvents[type].data.parse(data) as Prisma.InputJsonObject,
    before,
    after,
  })
}

/**
 * Records events in the transaction of the change, in the given order, in one statement.
 * @throws ZodError when the data does not match the event's schema; the transaction must then fail
 */
export async function recordEvents(tx: Tx, events: readonly NewAuditEvent[]) {
  if (events.length === 0) return
  await tx.auditEvent.createMany({ data: events.map(toEventRow) })
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
