import { Prisma } from '../generated/client.ts'
import { type NewAuditEvent, toEventRow } from './audit.ts'

/**
 * An INSERT of events, for use as a data-modifying CTE (`WITH recorded AS (…)`) of the statement that makes the change:
 * one round trip and one commit for both. The events keep the given order.
 * @param when inserts only if this condition holds
 * @throws ZodError when the data does not match the event's schema
 */
export function insertEvents(events: readonly NewAuditEvent[], when: Prisma.Sql = Prisma.sql`true`): Prisma.Sql {
  // Absent fields become NULL: `Prisma.DbNull` and undefined are both left out of the JSON.
  const rows = JSON.stringify(events.map(toEventRow))
  return Prisma.sql`
    INSERT INTO audit_events (id, type, actor_kind, actor_id, actor_issuer, actor_subject, actor_name, actor_email, via,
      client_address, reference, request_id, grant_id, about_id, cluster, namespaces, policy_hash, data, before, after)
    SELECT id, type, "actorKind", "actorId", "actorIssuer", "actorSubject", "actorName", "actorEmail", via,
      "clientAddress", reference, "requestId", "grantId", "aboutId", cluster, namespaces, "policyHash", data, before, after
    FROM jsonb_to_recordset(${rows}::jsonb) AS e(id text, type text, "actorKind" text, "actorId" text,
      "actorIssuer" text, "actorSubject" text, "actorName" text, "actorEmail" text, via text, "clientAddress" text,
      reference text, "requestId" text, "grantId" text, "aboutId" text, cluster text, namespaces text[],
      "policyHash" text, data jsonb, before jsonb, after jsonb)
    WHERE ${when}`
}
