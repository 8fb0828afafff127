import { Prisma } from '../generated/client.ts'
import { type NewAuditEvent, toEventRow } from './audit.ts'

/**
 * The statement that records facts, to stand as a data-modifying part (`WITH told AS (…)`) of the statement that makes
 * them true: one round trip, one commit, both or neither. In the given order.
 * @param when records only where this condition holds
 * @throws ZodError when data is not of the event's shape
 */
export function insertEvents(events: readonly NewAuditEvent[], when: Prisma.Sql = Prisma.sql`true`): Prisma.Sql {
  // What is absent is NULL here; `Prisma.DbNull` and undefined both leave the field out of the JSON.
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
