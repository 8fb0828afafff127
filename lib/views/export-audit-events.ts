import type { AuditFilter } from '#lib/adapters/db/audit/find-audit-events'
import { entitlementsOf } from '#lib/adapters/db/requests/entitlements-of'
import type { PersonActor } from '#lib/core/access/actor'
import { type ExportFormat, exportHead, exportLine } from '#lib/core/audit/export-lines'
import { listAuditEvents } from './list-audit-events.ts'

/** Every event that matches and that this person may read, newest first, in pieces of one page each. */
export async function* exportAuditEvents(
  actor: PersonActor,
  filter: AuditFilter,
  format: ExportFormat,
): AsyncGenerator<string> {
  let head = exportHead(format)
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const page = await listAuditEvents(actor, { ...filter, limit: 100, ...(cursor ? { cursor } : {}) })
    const ids = format === 'ocsf' ? page.items.flatMap(({ requestId }) => requestId ?? []) : []
    const names = ids.length > 0 ? await entitlementsOf([...new Set(ids)]) : new Map<string, string>()
    yield head + page.items.map((event) => exportLine(format, event, names.get(event.requestId ?? ''))).join('')
    head = ''
    cursor = page.nextCursor
  }
}
