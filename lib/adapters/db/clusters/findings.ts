import { type About, clip, recordEvents } from '#lib/adapters/db/audit/audit'
import { reads, type Tx } from '#lib/adapters/db/client'
import { newId } from '#lib/adapters/db/ids'
import type { SystemActor } from '#lib/core/access/actor'
import type { FindingKind, FindingOutcome } from '#lib/core/access/finding'
import type { ObjectKey } from '#lib/core/grants/manifests'
import { type Finding as FindingRow, Prisma } from '../generated/client.ts'

export type { FindingRow }

/** Something in a cluster that is not as Postern made it, or that Postern did not make. */
export type ObservedFinding = {
  kind: FindingKind
  cluster: string
  /** Null where it belongs to no grant on record. */
  grantId: string | null
  object: ObjectKey & { uid: string | null }
  sentence: string
  about: About
}

const standing = ({ kind, cluster, object }: Pick<ObservedFinding, 'kind' | 'cluster' | 'object'>) => ({
  kind,
  cluster,
  objectKind: object.kind,
  namespace: object.namespace,
  name: object.name,
  resolvedAt: null,
})

/**
 * Writes down what was found, each new one with its event; what stands already was only seen again. To be committed
 * before anything is done about it.
 */
export async function saveFindings(tx: Tx, actor: SystemActor, found: readonly ObservedFinding[]): Promise<void> {
  for (const finding of found) {
    const { kind, cluster, grantId, object, sentence, about } = finding
    const { namespace, name, uid } = object
    const again = await tx.finding.updateMany({
      where: standing(finding),
      data: { lastSeenAt: new Date(), times: { increment: 1 }, uid, sentence },
    })
    if (again.count > 0) continue
    const id = newId('finding')
    const where = { objectKind: object.kind, namespace, name, uid }
    await tx.finding.create({ data: { id, kind, cluster, grantId, sentence, ...where } })
    const data = { id, kind, object: object.kind, namespace, name, uid, sentence: clip(sentence) }
    await recordEvents(tx, [{ type: 'finding.detected', actor, data, about }])
  }
}

/** Writes down what came of findings that stand. */
export async function resolveFindings(
  tx: Tx,
  found: ReadonlyArray<Pick<ObservedFinding, 'kind' | 'cluster' | 'object'>>,
  outcome: FindingOutcome,
): Promise<void> {
  for (const finding of found) {
    await tx.finding.updateMany({ where: standing(finding), data: { resolvedAt: new Date(), outcome } })
  }
}

type StatusLine = { id: string; kind: string; namespace: string; name: string; why: string; isRecreated: boolean }

/**
 * A live grant is as it was approved: writes down what came of everything that stood about it, and gives what was put
 * right. What still has the uid that was found was not made anew: it was right again by itself.
 */
export async function settleFindings(tx: Tx, grantId: string) {
  const found = await tx.$queryRaw<StatusLine[]>`
    SELECT f.id, f.object_kind AS kind, f.namespace, f.name, f.sentence AS why,
      EXISTS (SELECT FROM grant_objects o WHERE (o.cluster, o.kind, o.namespace, o.name) =
        (f.cluster, f.object_kind, f.namespace, f.name) AND o.uid IS DISTINCT FROM f.uid) AS "isRecreated"
    FROM findings f WHERE f.grant_id = ${grantId} AND f.resolved_at IS NULL`
  if (found.length === 0) return []
  const anew = found.filter(({ isRecreated }) => isRecreated)
  const ids = anew.map(({ id }) => id)
  await tx.$executeRaw`
    UPDATE findings SET resolved_at = now(), outcome = CASE WHEN id = ANY(${ids}::text[]) THEN 'repaired' ELSE 'gone' END
    WHERE id = ANY(${found.map(({ id }) => id)}::text[])`
  return anew.map(({ kind, namespace, name, why }) => ({ kind, namespace, name, why: clip(why) }))
}

/** What still stood about a grant when it ended. */
export const endFindings = (grantId: string, when: Prisma.Sql): Prisma.Sql => Prisma.sql`
    UPDATE findings SET resolved_at = clock_timestamp(), outcome = 'access-ended'
    WHERE grant_id = ${grantId} AND resolved_at IS NULL AND ${when}`

/**
 * Of the strays that stand in a cluster and that a sweep to its end has not come upon: whoever removed them did not live to
 * write it down, or somebody else did. A sweep under way beside this one has seen its own within the minute.
 */
export const resolveUnseenStrays = (cluster: string): Prisma.Sql => Prisma.sql`
    UPDATE findings SET resolved_at = clock_timestamp(), outcome = 'gone'
    WHERE cluster = ${cluster} AND kind = 'object-stray' AND resolved_at IS NULL
      AND last_seen_at < now() - interval '1 minute'`

/** Which of these objects another sweep has found and dealt with in the last minute, by uid. */
export async function recentlyResolved(cluster: string, uids: readonly string[]): Promise<Set<string | null>> {
  const rows = await reads().$queryRaw<Array<{ uid: string }>>`
    SELECT uid FROM findings
    WHERE cluster = ${cluster} AND uid = ANY(${[...uids]}::text[]) AND resolved_at > now() - interval '1 minute'`
  return new Set(rows.map(({ uid }) => uid))
}

/** How often this grant was put right already, however much of it each time. */
export async function countRepairs(grantId: string): Promise<number> {
  const [row] = await reads().$queryRaw<Array<{ count: number }>>`
    SELECT count(DISTINCT resolved_at)::int AS count FROM findings
    WHERE grant_id = ${grantId} AND outcome = 'repaired'`
  return row?.count ?? 0
}

/** As many as a page shows of one cluster; the history has them all. */
const mostShown = 50

/** What was found in each cluster that belongs to no grant on record, newest first. */
export async function findingsWithoutGrant(clusters: readonly string[]): Promise<Map<string, FindingRow[]>> {
  const found = await Promise.all(
    clusters.map(async (cluster) => {
      const where = { cluster, grantId: null }
      return [cluster, await reads().finding.findMany({ where, orderBy: { id: 'desc' }, take: mostShown })] as const
    }),
  )
  return new Map(found)
}
