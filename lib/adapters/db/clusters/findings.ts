import { type About, clip, recordEvents } from '#lib/adapters/db/audit/audit'
import { reads, type Tx } from '#lib/adapters/db/client'
import { newId } from '#lib/adapters/db/ids'
import type { SystemActor } from '#lib/core/access/actor'
import type { FindingKind, FindingOutcome } from '#lib/core/access/finding'
import type { ObjectKey } from '#lib/core/grants/manifests'
import { type Finding as FindingRow, Prisma } from '../generated/client.ts'

export type { FindingRow }

/** An object in a cluster that differs from what Postern created, or that belongs to no grant. */
export type ObservedFinding = {
  kind: FindingKind
  cluster: string
  /** Null if it belongs to no stored grant. */
  grantId: string | null
  object: ObjectKey & { uid: string | null }
  sentence: string
  about: About
}

type Found = Pick<ObservedFinding, 'kind' | 'cluster' | 'object'>

/** The condition for the open finding of this kind about this object. */
const isOpenFor = ({ kind, cluster, object }: Found) => Prisma.sql`(kind, cluster, object_kind, namespace, name) =
  (${kind}, ${cluster}, ${object.kind}, ${object.namespace}, ${object.name}) AND resolved_at IS NULL`

/** The largest count that the database accepts: counting on must never fail. */
const mostTimes = 1_000_000

/**
 * Saves findings. A new one is recorded with an event; an open one is only marked as observed again, and keeps what
 * explainFinding() added.
 */
export async function saveFindings(tx: Tx, actor: SystemActor, found: readonly ObservedFinding[]): Promise<void> {
  for (const { kind, cluster, grantId, object, sentence, about } of found) {
    const { namespace, name, uid } = object
    const id = newId('finding')
    const [saved] = await tx.$queryRaw<Array<{ id: string }>>`
      INSERT INTO findings AS f (id, kind, cluster, grant_id, object_kind, namespace, name, uid, sentence)
      VALUES (${id}, ${kind}, ${cluster}, ${grantId}, ${object.kind}, ${namespace}, ${name}, ${uid}, ${sentence})
      ON CONFLICT (cluster, kind, object_kind, namespace, name) WHERE resolved_at IS NULL DO UPDATE SET
        last_seen_at = now(), times = least(f.times + 1, ${mostTimes}), uid = excluded.uid,
        sentence = CASE WHEN starts_with(f.sentence, excluded.sentence) THEN f.sentence ELSE excluded.sentence END
      RETURNING id`
    if (saved?.id !== id) continue
    const data = { id, kind, object: object.kind, namespace, name, uid, sentence: clip(sentence) }
    await recordEvents(tx, [{ type: 'finding.detected', actor, data, about }])
  }
}

/** Adds to an open finding why it cannot be resolved. */
export async function explainFinding(tx: Tx, { sentence, ...found }: Found & { sentence: string }, why: string) {
  await tx.$executeRaw`UPDATE findings SET sentence = ${`${sentence} ${why}`} WHERE ${isOpenFor(found)}`
}

/** Resolves open findings with an outcome. */
export async function resolveFindings(tx: Tx, found: readonly Found[], outcome: FindingOutcome): Promise<void> {
  for (const finding of found) {
    await tx.$executeRaw`UPDATE findings SET resolved_at = now(), outcome = ${outcome} WHERE ${isOpenFor(finding)}`
  }
}

type OpenFinding = { id: string; kind: string; namespace: string; name: string; why: string; isRecreated: boolean }

/**
 * Resolves all open findings of a live grant whose objects are as approved, and returns those that were repaired. An
 * object that still has the uid of the finding was not recreated, so it was corrected without Postern.
 */
export async function settleFindings(tx: Tx, grantId: string) {
  const found = await tx.$queryRaw<OpenFinding[]>`
    SELECT f.id, f.object_kind AS kind, f.namespace, f.name, f.sentence AS why,
      EXISTS (SELECT FROM grant_objects o WHERE (o.cluster, o.kind, o.namespace, o.name) =
        (f.cluster, f.object_kind, f.namespace, f.name) AND o.uid IS DISTINCT FROM f.uid) AS "isRecreated"
    FROM findings f WHERE f.grant_id = ${grantId} AND f.resolved_at IS NULL`
  if (found.length === 0) return []
  const repaired = found.filter(({ isRecreated }) => isRecreated)
  const ids = repaired.map(({ id }) => id)
  await tx.$executeRaw`
    UPDATE findings SET resolved_at = now(), outcome = CASE WHEN id = ANY(${ids}::text[]) THEN 'repaired' ELSE 'gone' END
    WHERE id = ANY(${found.map(({ id }) => id)}::text[])`
  return repaired.map(({ kind, namespace, name, why }) => ({ kind, namespace, name, why: clip(why) }))
}

/** The statement that resolves the open findings of a grant when it ends. */
export const endFindings = (grantId: string, when: Prisma.Sql): Prisma.Sql => Prisma.sql`
    UPDATE findings SET resolved_at = clock_timestamp(), outcome = 'access-ended'
    WHERE grant_id = ${grantId} AND resolved_at IS NULL AND ${when}`

/**
 * The statement that resolves stray findings which a complete sweep did not observe: someone else deleted the objects,
 * or a worker did but stopped before recording it. The minute excludes findings of another sweep that is still running.
 */
export const resolveUnseenStrays = (cluster: string): Prisma.Sql => Prisma.sql`
    UPDATE findings SET resolved_at = clock_timestamp(), outcome = 'gone'
    WHERE cluster = ${cluster} AND kind = 'object-stray' AND resolved_at IS NULL
      AND last_seen_at < now() - interval '1 minute'`

/**
 * The uids of those objects whose findings another sweep has resolved within the last minute. NB: only good for not
 * recording them twice: anyone who can write to the database can resolve a finding.
 */
export async function recentlyResolved(cluster: string, uids: readonly string[]): Promise<Set<string | null>> {
  const rows = await reads().$queryRaw<Array<{ uid: string }>>`
    SELECT uid FROM findings
    WHERE cluster = ${cluster} AND uid = ANY(${[...uids]}::text[])
      AND resolved_at BETWEEN now() - interval '1 minute' AND now()`
  return new Set(rows.map(({ uid }) => uid))
}

/** How often this grant has been repaired; several objects at once count as one repair. */
export async function countRepairs(grantId: string): Promise<number> {
  const [row] = await reads().$queryRaw<Array<{ count: number }>>`
    SELECT count(DISTINCT resolved_at)::int AS count FROM findings
    WHERE grant_id = ${grantId} AND outcome = 'repaired'`
  return row?.count ?? 0
}

/** How many findings a page shows per cluster; the history has all of them. */
const mostShown = 50

/** The findings in each cluster that belong to no stored grant, newest first. */
export async function findingsWithoutGrant(clusters: readonly string[]): Promise<Map<string, FindingRow[]>> {
  const found = await Promise.all(
    clusters.map(async (cluster) => {
      const where = { cluster, grantId: null }
      return [cluster, await reads().finding.findMany({ where, orderBy: { id: 'desc' }, take: mostShown })] as const
    }),
  )
  return new Map(found)
}
