import { createHash } from 'node:crypto'
import { recordEvent } from '#lib/adapters/db/audit/audit'
import { reads, transaction } from '#lib/adapters/db/client'
import { storable } from '#lib/adapters/db/storable'
import type { SystemActor } from '#lib/core/access/actor'
import type { ClusterObjects, RoleRef } from '#lib/core/rbac/cluster-objects'
import { tooOldMs } from '#lib/core/rbac/current-access'
import { storedKey } from '#lib/core/rbac/posture/stored-text'
import { type BindingState, type RoleState, roleKey } from '#lib/core/rbac/standing-during'
import { Prisma } from '../generated/client.ts'

// The standing RBAC rights of each cluster as they were read. A reading that is like the one before it costs one update; of any other
// one, only the objects are written that differ.

/** Objects that may differ between two readings. With more, the reading is not kept, and the rights count as not read. */
const mostChanges = 50_000

type Kept = { kind: string; namespace: string; name: string; role: string | null; content: unknown; hash: string }

const hashOf = (value: unknown) => createHash('sha256').update(JSON.stringify(value)).digest('base64url').slice(0, 22)

function keptObjects({ roles, clusterRoles, roleBindings, clusterRoleBindings }: ClusterObjects): Kept[] {
  const role = (kind: string, namespace: string, name: string, rules: unknown) => {
    return {
      kind,
      namespace,
      name: storedKey(name),
      role: null,
      content: storable(rules ?? []),
      hash: hashOf(rules ?? []),
    }
  }
  const binding = (
    kind: string,
    namespace: string,
    name: string,
    { kind: ofKind, name: ofName }: RoleRef,
    subjects: unknown,
  ) => {
    const key = roleKey(ofKind, namespace, storedKey(ofName))
    const hash = hashOf([key, subjects ?? []])
    return { kind, namespace, name: storedKey(name), role: key, content: storable(subjects ?? []), hash }
  }
  return [
    ...roles.map(({ metadata, rules }) => role('Role', metadata.namespace, metadata.name, rules)),
    ...clusterRoles.map(({ metadata, rules }) => role('ClusterRole', '', metadata.name, rules)),
    ...roleBindings.map((one) =>
      binding('RoleBinding', one.metadata.namespace, one.metadata.name, one.roleRef, one.subjects),
    ),
    ...clusterRoleBindings.map((one) =>
      binding('ClusterRoleBinding', '', one.metadata.name, one.roleRef, one.subjects),
    ),
  ]
}

const keyOf = ({ kind, namespace, name }: Pick<Kept, 'kind' | 'namespace' | 'name'>) => `${kind}/${namespace}/${name}`

/**
 * Keeps a reading of a cluster. One that is older than the last one is left out.
 * @returns false if too much has changed to keep it
 */
export function keepStanding(cluster: string, objects: ClusterObjects, readAt: Date): Promise<boolean> {
  const kept = keptObjects(objects)
  const hash = hashOf(kept.map((one) => [keyOf(one), one.hash]))
  return transaction(async (tx) => {
    await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${`standing ${cluster}`}, 0))`
    const [last] = await tx.$queryRaw<Array<{ firstAt: Date; lastAt: Date; hash: string }>>`
      SELECT first_at AS "firstAt", last_at AS "lastAt", hash FROM standing_readings
      WHERE cluster = ${cluster} ORDER BY first_at DESC LIMIT 1`
    if (last && readAt <= last.lastAt) return true
    if (last?.hash === hash && readAt.getTime() - last.lastAt.getTime() <= tooOldMs) {
      await tx.$executeRaw`
        UPDATE standing_readings SET last_at = ${readAt} WHERE cluster = ${cluster} AND first_at = ${last.firstAt}`
      return true
    }
    const present = await tx.$queryRaw<Array<Pick<Kept, 'kind' | 'namespace' | 'name' | 'hash'> & { id: bigint }>>`
      SELECT id, kind, namespace, name, hash FROM standing_objects WHERE cluster = ${cluster} AND gone_at IS NULL`
    const known = new Map(present.map((one) => [keyOf(one), one]))
    const now = new Map(kept.map((one) => [keyOf(one), one]))
    const gone = present.filter((one) => now.get(keyOf(one))?.hash !== one.hash).map(({ id }) => id)
    const added = [...now.values()].filter((one) => known.get(keyOf(one))?.hash !== one.hash)
    if (gone.length + added.length > mostChanges) return false
    if (gone.length > 0)
      await tx.$executeRaw`UPDATE standing_objects SET gone_at = ${readAt} WHERE id = ANY (${gone}::int8[])`
    if (added.length > 0)
      await tx.$executeRaw`
        INSERT INTO standing_objects (cluster, kind, namespace, name, role, content, hash, first_at)
        SELECT ${cluster}, kind, namespace, name, role, content, hash, ${readAt}
        FROM jsonb_to_recordset(${JSON.stringify(added)}::jsonb) AS o(kind text, namespace text, name text, role text, content jsonb, hash text)`
    await tx.$executeRaw`
      INSERT INTO standing_readings (cluster, first_at, last_at, hash) VALUES (${cluster}, ${readAt}, ${readAt}, ${hash})`
    return true
  })
}

/** A question about standing rights: at any time from `from` until before `to`, or at that moment if both are the same. */
type Question = { from: Date; to: Date; cluster: string | undefined; namespace: string | undefined }

const inPeriod = ({ from, to, cluster }: Question) => Prisma.sql`
  (first_at < ${to} OR first_at = ${from}) AND (gone_at IS NULL OR gone_at > ${from})
  AND ${cluster === undefined ? Prisma.sql`true` : Prisma.sql`cluster = ${cluster}`}`

const times = Prisma.sql`cluster, first_at AS "firstAt", gone_at AS "goneAt"`

type RoleRow = Omit<RoleState, 'key'> & { kind: string; namespace: string; name: string }

export async function findRoleStates(question: Question, limit: number): Promise<RoleState[]> {
  const rows = await reads().$queryRaw<RoleRow[]>`
    SELECT ${times}, kind, namespace, name, content AS rules FROM standing_objects
    WHERE role IS NULL AND ${inPeriod(question)} ORDER BY id LIMIT ${limit}`
  return rows.map(({ kind, namespace, name, ...row }) => ({ ...row, key: roleKey(kind, namespace, name) }))
}

/** The bindings of these roles, those of the whole cluster first. */
export async function findBindingStates(
  question: Question,
  roles: readonly string[],
  limit: number,
): Promise<BindingState[]> {
  if (roles.length === 0) return []
  const { namespace } = question
  return reads().$queryRaw<BindingState[]>`
    SELECT ${times}, nullif(namespace, '') AS namespace, name, role, content AS subjects FROM standing_objects
    WHERE role = ANY (${[...roles]}::text[]) AND ${inPeriod(question)}
      AND ${namespace === undefined ? Prisma.sql`true` : Prisma.sql`(kind = 'ClusterRoleBinding' OR namespace = ${namespace})`}
    ORDER BY namespace, cluster, name, id LIMIT ${limit}`
}

export type ReadingRow = { cluster: string; firstAt: Date; lastAt: Date }

/**
 * For each cluster the readings that say something about a period: the last one before it, and those in it.
 * `firstAt` and `lastAt` are the first and the last of equal readings in a row.
 */
export const findReadings = ({ from, to, cluster }: Question, limit: number) =>
  reads().$queryRaw<ReadingRow[]>`
    SELECT cluster, first_at AS "firstAt", last_at AS "lastAt" FROM standing_readings AS r
    WHERE ${cluster === undefined ? Prisma.sql`true` : Prisma.sql`cluster = ${cluster}`} AND (first_at < ${to} OR first_at = ${from})
      AND first_at >= coalesce((SELECT max(first_at) FROM standing_readings AS b WHERE b.cluster = r.cluster AND b.first_at <= ${from}), '-infinity')
    ORDER BY cluster, first_at LIMIT ${limit}`

/**
 * Removes states that ended before the calls that were removed, and records how many.
 * @returns whether more is left
 */
export const removeOldStanding = (actor: SystemActor, step = 2_000): Promise<boolean> =>
  transaction(async (tx) => {
    const [row] = await tx.$queryRaw<Array<{ states: number }>>`SELECT remove_old_standing(${step}::int)::int AS states`
    const states = row?.states ?? 0
    if (states > 0) await recordEvent(tx, { type: 'standing.removed', actor, data: { states } })
    return states === step
  })
