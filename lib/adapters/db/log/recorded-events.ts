import type { RecordedEvent } from '#lib/core/log/leaf'
import { Prisma } from '../generated/client.ts'

/** An event as the log commits to it: its time is text, because JavaScript has no microseconds. */
export type EventRow = Omit<RecordedEvent, 'seq'> & { seq: bigint }

export const eventColumns = Prisma.sql`
  seq, id, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at, type, actor_kind AS "actorKind",
  actor_id AS "actorId", actor_issuer AS "actorIssuer", actor_subject AS "actorSubject", actor_name AS "actorName",
  actor_email AS "actorEmail", via, client_address AS "clientAddress", reference, request_id AS "requestId",
  grant_id AS "grantId", about_id AS "aboutId", cluster, namespaces, policy_hash AS "policyHash", data, before, after`

export const toRecorded = ({ seq, namespaces, ...row }: EventRow): RecordedEvent => ({
  seq: Number(seq),
  ...row,
  namespaces: namespaces ?? [],
})
