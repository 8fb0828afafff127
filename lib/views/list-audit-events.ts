import { type AuditFilter, type AuditRow, findAuditEvents } from '#lib/adapters/db/audit/find-audit-events'
import { idOfCursor, pageSize, toPage } from '#lib/adapters/db/cursor'
import { findNames } from '#lib/adapters/db/people/find-names'
import type { PersonActor } from '#lib/core/access/actor'
import type { AuditEventResource } from '#lib/core/access/audit-event-resource'
import { seesEverything } from '#lib/core/access/may-see'
import type { Page } from '#lib/core/access/page'
import { unknownEntitlementVerdict } from '#lib/core/access/unknown-entitlement'
import { auditSentence } from '#lib/core/audit/events'
import { scopeOf } from './history-visibility.ts'

/**
 * The data of an event as this reader may know it. The database keeps the real reason of a refusal; a person who requested
 * an entitlement for other people reads here what they read then: that there is no such entitlement.
 */
function dataFor(actor: PersonActor, { type, data, policyHash }: AuditRow): unknown {
  const { code = '' } = data as { code?: string }
  if (type !== 'request.refused' || !code.startsWith('requester-not-eligible') || seesEverything(actor)) return data
  const { violations } = unknownEntitlementVerdict(policyHash ?? '')
  // NB: with the keys in the order of the database, because another order would give the difference away.
  const errors = violations.map(({ code, pointer, sentence }) => ({ code, message: sentence, pointer }))
  return { ...(data as object), code: violations[0]?.code, sentence: violations[0]?.sentence, errors }
}

/** NB: the person of a hidden request must not be revealed by an event about the attempt to reach it. */
const mayReadWhom = (actor: PersonActor, { aboutId }: AuditRow) =>
  aboutId !== null && (seesEverything(actor) || aboutId === actor.person.id)

function toResource(actor: PersonActor, row: AuditRow, names: ReadonlyMap<string, string>): AuditEventResource {
  const { actorId, actorKind: kind, actorName: name, actorEmail: email, clientAddress, aboutId } = row
  const aboutName = aboutId === null ? undefined : names.get(aboutId)
  // Colleagues do not learn from which address a person acted.
  const isOpen = seesEverything(actor) || actorId === actor.person.id
  const data = dataFor(actor, row)
  return {
    id: row.id,
    at: row.at.toISOString(),
    type: row.type,
    sentence: auditSentence(row.type, data),
    actor: { kind, id: actorId, name, email },
    about: aboutId !== null && aboutName !== undefined ? { id: aboutId, name: aboutName } : null,
    via: row.via,
    clientAddress: isOpen ? clientAddress : null,
    reference: row.reference,
    requestId: row.requestId,
    grantId: row.grantId,
    cluster: row.cluster,
    namespaces: row.namespaces,
    policyVersion: row.policyHash,
    data,
    before: row.before,
    after: row.after,
  }
}

/**
 * A page of the events that this person may read, newest first.
 * @throws AppError `malformed` for a cursor that no page returned
 */
export async function listAuditEvents(
  actor: PersonActor,
  filter: AuditFilter & { cursor?: string; limit?: number },
): Promise<Page<AuditEventResource>> {
  const size = pageSize(filter.limit)
  const before = idOfCursor('event', filter.cursor)
  const found = await findAuditEvents(await scopeOf(actor, filter), filter, { before, limit: size + 1 })
  const { items, nextCursor } = toPage(found, size, ({ id }) => id)
  const people = items.filter((row) => mayReadWhom(actor, row)).flatMap(({ aboutId }) => aboutId ?? [])
  const names = await findNames([...new Set(people)])
  return { items: items.map((row) => toResource(actor, row, names)), nextCursor }
}
