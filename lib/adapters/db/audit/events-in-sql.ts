import { newId } from '#lib/adapters/db/ids'
import { storable } from '#lib/adapters/db/storable'
import type { Actor } from '#lib/core/access/actor'
import { auditEvents } from '#lib/core/audit/events'
import { Prisma } from '../generated/client.ts'
import type { NewAuditEvent, UnknownActor } from './audit.ts'

function who(actor: Actor | UnknownActor) {
  if (actor.kind === 'person') {
    const { id, issuer, subject, name, email } = actor.person
    return { actorId: id, actorIssuer: issuer, actorSubject: subject, actorName: name, actorEmail: email }
  }
  return { actorName: actor.kind === 'system' ? actor.component : actor.name }
}

/** The validated row of an event. */
function toEventRow({ type, actor, data, about = {}, before, after }: NewAuditEvent) {
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
