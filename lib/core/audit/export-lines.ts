// Events as lines of a file: CSV (RFC 4180) for a spreadsheet, JSON Lines for a program, and JSON Lines of OCSF for a SIEM.
import type { AuditEventResource } from '#lib/core/access/audit-event-resource'
import { csvLine } from './csv.ts'
import { toOcsf } from './ocsf.ts'

export const exportFormats = ['csv', 'jsonl', 'ocsf'] as const
export type ExportFormat = (typeof exportFormats)[number]

/** The content type of each format, also the one in the API's description. */
export const exportTypes: Readonly<Record<ExportFormat, string>> = {
  csv: 'text/csv',
  jsonl: 'application/jsonl',
  ocsf: 'application/jsonl',
}
/** How the name of such a file ends. */
export const exportEndings: Readonly<Record<ExportFormat, string>> = { csv: 'csv', jsonl: 'jsonl', ocsf: 'ocsf.jsonl' }

const json = (value: unknown) => (value === null || value === undefined ? '' : JSON.stringify(value))

const columns: readonly (readonly [string, (event: AuditEventResource) => string | null | undefined])[] = [
  ['time', ({ at }) => at],
  ['type', ({ type }) => type],
  ['actor', ({ actor }) => actor.name],
  ['actorEmail', ({ actor }) => actor.email],
  ['actorId', ({ actor }) => actor.id],
  ['sentence', ({ sentence }) => sentence],
  ['about', ({ about }) => about?.name],
  ['aboutId', ({ about }) => about?.id],
  ['cluster', ({ cluster }) => cluster],
  ['namespaces', ({ namespaces }) => namespaces.join(' ')],
  ['requestId', ({ requestId }) => requestId],
  ['grantId', ({ grantId }) => grantId],
  ['policyVersion', ({ policyVersion }) => policyVersion],
  ['via', ({ via }) => via],
  ['clientAddress', ({ clientAddress }) => clientAddress],
  ['reference', ({ reference }) => reference],
  ['id', ({ id }) => id],
  ['data', ({ data }) => json(data)],
  ['before', ({ before }) => json(before)],
  ['after', ({ after }) => json(after)],
]

/** What comes before the first event. */
export const exportHead = (format: ExportFormat): string =>
  format === 'csv' ? csvLine(columns.map(([name]) => name)) : ''

/** @param entitlement what the request of the event is for, which OCSF calls its privileges */
export function exportLine(format: ExportFormat, event: AuditEventResource, entitlement?: string): string {
  if (format === 'csv') return csvLine(columns.map(([, read]) => read(event)))
  return `${JSON.stringify(format === 'ocsf' ? toOcsf(event, entitlement) : event)}\n`
}
