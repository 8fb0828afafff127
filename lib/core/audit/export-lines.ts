// Events as lines of a file: CSV (RFC 4180) for a spreadsheet, JSON Lines for a program.
import type { AuditEventResource } from '#lib/core/access/audit-event-resource'

export const exportFormats = ['csv', 'jsonl'] as const
export type ExportFormat = (typeof exportFormats)[number]

/** The content type of each format, also the one in the API's description. */
export const exportTypes: Readonly<Record<ExportFormat, string>> = { csv: 'text/csv', jsonl: 'application/jsonl' }

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

/**
 * A cell in quotes. Text from people may begin with a character that makes a spreadsheet evaluate the cell, so an apostrophe
 * keeps it text; spreadsheets also skip spaces and control characters before such a character.
 */
function cell(value: string | null | undefined): string {
  const text = value ?? ''
  const isFormula = /^[\s\p{Cc}\p{Cf}]*[=+\-@|%\uff1d\uff0b\uff0d\uff20]/u.test(text)
  return `"${(isFormula ? `'${text}` : text).replaceAll('"', '""')}"`
}

const csvLine = (cells: readonly (string | null | undefined)[]) => `${cells.map(cell).join(',')}\r\n`

/** What comes before the first event. */
export const exportHead = (format: ExportFormat): string =>
  format === 'csv' ? csvLine(columns.map(([name]) => name)) : ''

export const exportLine = (format: ExportFormat, event: AuditEventResource): string =>
  format === 'csv' ? csvLine(columns.map(([, read]) => read(event))) : `${JSON.stringify(event)}\n`
