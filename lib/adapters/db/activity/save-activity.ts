import { recordEvents } from '#lib/adapters/db/audit/audit'
import { type Tx, transaction } from '#lib/adapters/db/client'
import type { SystemActor } from '#lib/core/access/actor'
import { grantOfAccount } from '#lib/core/activity/grant-account'
import type { Batch } from '#lib/core/activity/read-batch'
import { suspicionsOf } from '#lib/core/activity/suspicion'
import { Prisma } from '../generated/client.ts'

/** Rejected events of a cluster that are kept in an hour, and of one batch. Further ones are only counted. */
const mostRejected = { inHour: 1_000, ofBatch: 50 }
/** Events about suspicious calls that one batch may add to the history. */
const mostSuspicions = 20

type Counts = { kept: number; counted: number; duplicates: number; rejected: number }

/** The times of the first and the last call that was kept; null if none was. */
export type Saved = Counts & { keptFrom: Date | null; keptTo: Date | null }

/** The sources of a batch, by their place in it, with the key that the database gives them. */
const sourcesOf = ({ cluster, sources }: Batch) => Prisma.sql`
  SELECT s.*, activity_source_key(${cluster}, s.account, s.impersonated, s."credentialId", s.address, s."forwardedFor", s."userAgent") AS stored
  FROM jsonb_to_recordset(${JSON.stringify(sources)}::jsonb) AS s(key uuid, account text, impersonated text, "credentialId" text,
    address text, "forwardedFor" text, "userAgent" text)`

/** The database adds the key, and the grant whose account called or was impersonated. */
async function saveSources(tx: Tx, batch: Batch) {
  // Its sources must not be removed before their calls are there (remove_old_activity).
  await tx.$executeRaw`SELECT pg_advisory_xact_lock_shared(hashtextextended('activity sources', 0))`
  await tx.$executeRaw`
    INSERT INTO activity_sources (key, cluster, account, impersonated, credential_id, address, forwarded_for, user_agent)
    SELECT s.stored, ${batch.cluster}, s.account, s.impersonated, s."credentialId", s.address, s."forwardedFor", s."userAgent"
    FROM (${sourcesOf(batch)}) AS s ORDER BY s.stored ON CONFLICT (key) DO NOTHING`
}

/** The calls that were not known. */
async function saveCalls(tx: Tx, batch: Batch, importId: string | undefined) {
  return tx.$queryRaw<Array<{ call: string; at: Date }>>`
    INSERT INTO activity (source_id, call, is_start, audit_id, kind, at, ended_at, code, verb, api_group, resource, subresource,
      namespace, name, path, query, body, import_id)
    SELECT a.id, c.id, c."isStart", c."auditId", c.kind, c.at, c."endedAt", c.code, c.verb, c."group", c.resource, c.subresource,
      c.namespace, c.name, c.path, c.query, nullif(c.body, 'null'::jsonb), ${importId ?? null}
    FROM jsonb_to_recordset(${JSON.stringify(batch.calls)}::jsonb) AS c(source uuid, id uuid, "isStart" boolean, "auditId" text,
      kind text, at timestamptz, "endedAt" timestamptz, code int, verb text, "group" text, resource text, subresource text,
      namespace text, name text, path text, query text, body jsonb)
    JOIN (${sourcesOf(batch)}) AS s ON s.key = c.source JOIN activity_sources a ON a.key = s.stored
    ORDER BY c.id, c."isStart" ON CONFLICT (call, is_start) DO NOTHING RETURNING call, at`
}

type UsedRow = {
  grantId: string
  requestId: string
  holderId: string
  namespaces: string[]
  account: string
  credentialId: string | null
  isIssued: boolean
  address: string | null
  lastAt: Date
  endedAt: Date | null
}

/** Records an event for each suspicious use of a grant's account that has none yet: one for each kind, token and account. */
async function recordSuspicions(tx: Tx, actor: SystemActor, cluster: string, calls: readonly string[]) {
  const used = await tx.$queryRaw<UsedRow[]>`
    SELECT s.grant_id AS "grantId", g.request_id AS "requestId", r.requester_id AS "holderId", r.namespaces, s.account,
      s.credential_id AS "credentialId", max(s.address) AS address, max(a.at) AS "lastAt", g.ended_at AS "endedAt",
      EXISTS (SELECT FROM credentials c WHERE c.jti = s.credential_id AND c.grant_id = g.id) AS "isIssued"
    FROM activity a JOIN activity_sources s ON s.id = a.source_id JOIN grants g ON g.id = s.grant_id
      JOIN requests r ON r.id = g.request_id
    WHERE a.call = ANY(${[...calls]}::uuid[])
    GROUP BY s.grant_id, g.id, r.id, s.account, s.impersonated, s.credential_id ORDER BY s.grant_id, s.credential_id`
  const found = used.flatMap((one) => {
    const isImpersonated = grantOfAccount(one.account) !== one.grantId
    return suspicionsOf({ ...one, isImpersonated }).map((suspicion) => ({ ...one, suspicion }))
  })
  let recorded = 0
  for (const { grantId, suspicion, account, credentialId, ...one } of found) {
    // NB: only new ones count, so that a crowd of known ones hides none.
    if (recorded >= mostSuspicions) break
    const { requestId, holderId, namespaces, address, lastAt } = one
    // Two batches at once record one event.
    await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${`activity ${grantId}`}, 0))`
    const [known] = await tx.$queryRaw<Array<{ id: string }>>`
      SELECT id FROM audit_events WHERE grant_id = ${grantId} AND type = 'activity.suspicious'
        AND data ->> 'suspicion' = ${suspicion} AND data ->> 'account' = ${account}
        AND data ->> 'credentialId' IS NOT DISTINCT FROM ${credentialId} LIMIT 1`
    if (known) continue
    const data = { suspicion, severity: 'high' as const, account, credentialId, address, at: lastAt.toISOString() }
    const about = { grantId, requestId, personId: holderId, cluster, namespaces }
    await recordEvents(tx, [{ type: 'activity.suspicious', actor, data, about }])
    recorded += 1
  }
}

async function saveRejected(tx: Tx, { cluster, rejected }: Batch) {
  const some = rejected.slice(0, mostRejected.ofBatch)
  if (some.length === 0) return
  await tx.$executeRaw`
    INSERT INTO activity_rejections (cluster, reason, readable)
    SELECT ${cluster}, reason, readable FROM jsonb_to_recordset(${JSON.stringify(some)}::jsonb) AS r(reason text, readable jsonb)
    WHERE (SELECT count(*) FROM activity_rejections WHERE cluster = ${cluster} AND received_at > now() - interval '1 hour')
      < ${mostRejected.inHour}`
}

async function saveCounts(
  tx: Tx,
  { cluster, times, minutes }: Batch,
  { kept, counted, duplicates, rejected }: Counts,
  isImport: boolean,
) {
  const counts = Object.entries({ kept, counted, duplicate: duplicates, rejected }).map(([outcome, count]) => {
    return { outcome, count }
  })
  await tx.$executeRaw`
    INSERT INTO activity_counts AS a (cluster, hour, outcome, count)
    SELECT ${cluster}, date_trunc('hour', now()), outcome, count
    FROM jsonb_to_recordset(${JSON.stringify(counts)}::jsonb) AS c(outcome text, count bigint) WHERE count > 0 ORDER BY outcome
    ON CONFLICT (cluster, hour, outcome) DO UPDATE SET count = a.count + excluded.count`
  if (!times) return
  await tx.$executeRaw`
    INSERT INTO activity_minutes (cluster, minute)
    SELECT ${cluster}, to_timestamp(ms / 1000) FROM unnest(${minutes}::float8[]) AS m(ms)
    WHERE to_timestamp(ms / 1000) <= now() ORDER BY ms ON CONFLICT DO NOTHING`
  // A clock that is ahead must not claim that later calls would be known, and a file of an earlier time not that everything since is.
  await tx.$executeRaw`
    INSERT INTO activity_feeds AS f (cluster, first_at, newest_at)
    VALUES (${cluster}, ${times.first}::timestamptz, least(${times.newest}::timestamptz, now()))
    ON CONFLICT (cluster) DO UPDATE SET
      first_at = CASE WHEN ${isImport} THEN f.first_at ELSE least(f.first_at, excluded.first_at) END,
      newest_at = greatest(f.newest_at, excluded.newest_at), received_at = now()`
}

/**
 * Saves a batch of audit events, all of it or nothing. A call that was saved before, by this batch or by an earlier one, is one
 * row. With an import, the calls that were not known are those that it brought.
 */
export const saveActivity = (actor: SystemActor, batch: Batch, importId?: string): Promise<Saved> =>
  transaction(async (tx) => {
    const { cluster, calls, rejected, counted } = batch
    let added: Array<{ call: string; at: Date }> = []
    if (calls.length > 0) {
      await saveSources(tx, batch)
      added = await saveCalls(tx, batch, importId)
      const ids = added.map(({ call }) => call)
      if (ids.length > 0) await recordSuspicions(tx, actor, cluster, ids)
    }
    await saveRejected(tx, batch)
    const readable = batch.events - rejected.length - counted
    const saved = { kept: added.length, counted, duplicates: readable - added.length, rejected: rejected.length }
    await saveCounts(tx, batch, saved, importId !== undefined)
    const times = added.map(({ at }) => at).sort((a, b) => a.getTime() - b.getTime())
    return { ...saved, keptFrom: times[0] ?? null, keptTo: times.at(-1) ?? null }
  })
