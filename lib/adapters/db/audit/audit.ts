import { afterTransaction, countRecorded, type Tx, transaction } from '#lib/adapters/db/client'
import { newId } from '#lib/adapters/db/ids'
import type { Actor, Origin } from '#lib/core/access/actor'
import type { Difference } from '#lib/core/access/difference'
import type { AppError } from '#lib/core/access/errors'
import type { Verdict } from '#lib/core/access/verdict-resource'
import { type AuditEventData, type AuditEventType, auditEvents, type JudgedData } from '#lib/core/audit/events'
import type { Prisma } from '../generated/client.ts'

/** Somebody whose identity was not established: a refused sign-in, a refused bearer token. */
export type UnknownActor = { kind: 'unknown'; name: string; origin: Origin }

/** What an event is about. `personId` is whose request or grant it is: they may read the event. */
export type About = {
  requestId?: string
  grantId?: string
  personId?: string
  cluster?: string
  namespaces?: readonly string[]
  policyHash?: string
}

/** One fact to be recorded. `before` and `after` are plain JSON; neither ever holds a token. */
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
 * Text as PostgreSQL can hold it: no NUL, no half of a surrogate pair. What was refused came from anybody, and must not
 * keep its own refusal from being recorded.
 */
function storable<T>(value: T): T {
  if (typeof value === 'string') return value.toWellFormed().replaceAll('\0', '\ufffd') as T
  if (Array.isArray(value)) return value.map(storable) as T
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [storable(key), storable(inner)])) as T
}

/** A sentence of any length as an event may hold it (lib/core/audit/events.ts: at most 4000 characters). */
export const clip = (text: string): string => (text.length <= 4000 ? text : `${text.slice(0, 3999)}…`)

/** The guardrails that were in the way, where there are any: what is not there is not counted. */
export const namesOf = (stoppedBy: readonly string[]) => (stoppedBy.length > 0 ? { stoppedBy: [...stoppedBy] } : {})

/** What a judgement let pass, for the record: by which policy, what it warned of, what was new to the requester. */
export const judgedData = ({ policyVersion, warnings }: Verdict, difference: Difference | null): JudgedData => ({
  policyVersion,
  warnings: warnings.map(({ code, sentence }) => ({ code, sentence: clip(sentence) })),
  ...(difference ? { difference } : {}),
})

/** The row of a fact, checked. For statements that write it together with something else (events-in-sql.ts). */
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
    // The schema is an allow-list: parse() throws for anything that is not named in it.
    data: auditEvents[type].data.parse(data) as Prisma.InputJsonObject,
    before,
    after,
  })
}

/**
 * Records facts in the transaction that makes them true, in the given order, in one statement.
 * @throws ZodError when data is not of the event's shape: then the transaction fails, as it must
 */
export async function recordEvents(tx: Tx, events: readonly NewAuditEvent[]) {
  if (events.length === 0) return
  await tx.auditEvent.createMany({ data: events.map(toEventRow) })
  countRecorded(events)
}

/** Records one fact in the transaction that makes it true. */
export const recordEvent = (tx: Tx, event: NewAuditEvent) => recordEvents(tx, [event])

/**
 * Refuses: records the attempt, then throws `error`. The event gets a transaction of its own, after the one under way
 * was rolled back by the throw; when it cannot be written, that failure is thrown instead of `error`.
 * @param before writes what the event refers to, in the same transaction
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
