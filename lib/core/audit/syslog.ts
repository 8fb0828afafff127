// Events as syslog messages (RFC 5424), framed for TLS (RFC 5425).
import type { AuditEventResource } from '#lib/core/access/audit-event-resource'
import { toOcsf } from './ocsf.ts'

/** Facility 13, "log audit", with the severity `informational` or, for a failure, `warning`. */
const priority = (isFailure: boolean) => 13 * 8 + (isFailure ? 4 : 6)

/** A field of the header: printable ASCII without spaces. */
const field = (text: string, max: number) => text.replaceAll(/[^\x21-\x7e]/g, '').slice(0, max) || '-'

/** JSON in ASCII, because the body of a message has no encoding of its own. */
const ascii = (text: string) =>
  text.replaceAll(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)

/**
 * One event of OCSF in a message, with its length in front.
 * @param host the name of this Postern
 */
export function syslogFrame(event: AuditEventResource, entitlement: string | undefined, host: string): string {
  const ocsf = toOcsf(event, entitlement)
  const header = `<${priority(ocsf.status_id === 2)}>1 ${event.at} ${field(host, 255)} postern - ${field(event.type, 32)} -`
  const message = `${header} ${ascii(JSON.stringify(ocsf))}`
  return `${message.length} ${message}`
}
