import type { PersonActor } from '#lib/access/actor'
import { maySee, seesEverything } from '#lib/access/may-act'
import type { AuditEventResource, Page } from '#lib/access/resources'
import { auditSentence } from '#lib/audit/events'
import { numberOfCursor, pageSize, toPage } from '#lib/db/cursor'
import {
  type AuditFilter,
  type AuditRow,
  type AuditScope,
  countAuditEvents,
  findAuditEvents,
} from '#lib/db/find-audit-events'
import { findReaders } from '#lib/db/find-readers'

export type { AuditFilter } from '#lib/db/find-audit-events'

/** Sixty bars are as many as fit side by side on a telephone. */
const bars = 60

/**
 * Auditors and admins read everything; others what was done by them or about them, and the whole story of a request or
 * grant that they may see.
 */
async function scopeOf(actor: PersonActor, { request, grant }: AuditFilter): Promise<AuditScope> {
  if (seesEverything(actor)) return 'all'
  const readers = await findReaders({ request, grant })
  return readers && maySee(actor, readers) ? 'all' : { personId: actor.person.id }
}

function toResource(actor: PersonActor, row: AuditRow): AuditEventResource {
  const { actorId, actorKind: kind, actorName: name, actorEmail: email, clientAddress } = row
  // From where somebody acts is not for their colleagues.
  const isOpen = seesEverything(actor) || actorId === actor.person.id
  return {
    id: row.id,
    at: row.at.toISOString(),
    type: row.type,
    sentence: auditSentence(row.type, row.data),
    actor: { kind, id: actorId, name, email },
    via: row.via,
    clientAddress: isOpen ? clientAddress : null,
    reference: row.reference,
    requestId: row.requestId,
    grantId: row.grantId,
    cluster: row.cluster,
    namespaces: row.namespaces,
    policyVersion: row.policyHash,
    data: row.data,
    before: row.before,
    after: row.after,
  }
}

/**
 * A page of what happened and this person may read, newest first.
 * @throws AppError `malformed` for a cursor that no list gave
 */
export async function listAuditEvents(
  actor: PersonActor,
  filter: AuditFilter & { cursor?: string; limit?: number },
): Promise<Page<AuditEventResource>> {
  const size = pageSize(filter.limit)
  const before = numberOfCursor(filter.cursor)
  const found = await findAuditEvents(await scopeOf(actor, filter), filter, { before, limit: size + 1 })
  const { items, nextCursor } = toPage(found, size, ({ seq }) => String(seq))
  return { items: items.map((row) => toResource(actor, row)), nextCursor }
}

/** How many of these events happened when: at most 60 equal parts of the range, RFC 3339. */
export async function auditHistogram(
  actor: PersonActor,
  filter: AuditFilter,
): Promise<Array<{ from: string; to: string; count: number }>> {
  const parts = await countAuditEvents(await scopeOf(actor, filter), filter, bars)
  return parts.map(({ from, to, count }) => ({ from: from.toISOString(), to: to.toISOString(), count }))
}
