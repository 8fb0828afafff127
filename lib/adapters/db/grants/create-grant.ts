import type { About, NewAuditEvent } from '#lib/adapters/db/audit/audit'
import { newId } from '#lib/adapters/db/ids'
import { ifMoved, type Together } from '#lib/adapters/db/transition'
import type { Actor, SystemActor } from '#lib/core/access/actor'
import type { Id } from '#lib/core/access/ids'
import { type ObjectKey, objectKeys } from '#lib/core/grants/manifests'
import { Prisma } from '../generated/client.ts'

type Approved = {
  id: string
  cluster: string
  namespaces: readonly string[]
  clusterRole: string | null
  durationSeconds: number
  startsAt: Date | null
}

/** A grant that the move of its request to *approved* creates, by statements `together` with it. */
export type NewGrant = {
  id: Id<'grant'>
  /** The names that are committed with it; none if it begins later. */
  objects: ObjectKey[]
  together: Together
  events: NewAuditEvent[]
}

/** Postern itself, where a call of a person led to what it did. */
export const posternActor = ({ origin }: Pick<Actor, 'origin'>): SystemActor => ({
  kind: 'system',
  component: 'Postern',
  origin: { ...origin, via: 'system' },
})

/** Inserts the names of a grant's objects, from a query that returns its id as `id` once, or not at all. */
export const insertNames = (cluster: string, objects: readonly ObjectKey[], mine: Prisma.Sql): Prisma.Sql => {
  const names = JSON.stringify(objects.map(({ kind, namespace, name }) => ({ kind, namespace, name })))
  return Prisma.sql`
    INSERT INTO grant_objects (grant_id, cluster, kind, namespace, name)
    SELECT mine.id, ${cluster}, o.kind, o.namespace, o.name
    FROM (${mine}) AS mine CROSS JOIN jsonb_to_recordset(${names}::jsonb) AS o(kind text, namespace text, name text)`
}

/** The event that records the intent: these names, before any of the objects exists. */
export const intentRecorded = (actor: SystemActor, about: About, objects: readonly ObjectKey[]): NewAuditEvent => ({
  type: 'grant.intent-recorded',
  actor,
  data: { objects: objects.map(({ kind, namespace, name }) => ({ kind, namespace, name })) },
  about,
})

/**
 * The grant of a request that is approved at this moment, due now or at the requested start. A trigger notifies the workers
 * at commit. If it begins now, the intent is committed with it (promise 1), and the worker does not have to.
 */
export function newGrant(actor: Pick<Actor, 'origin'>, request: Approved, about: About, now: Date): NewGrant {
  const { id: requestId, cluster, namespaces, clusterRole, durationSeconds, startsAt } = request
  const id = newId('grant', now)
  const isLater = startsAt !== null && startsAt > now
  const insertGrant = Prisma.sql`
    INSERT INTO grants (id, request_id, cluster, duration_seconds, created_at, next_attempt_at)
    SELECT ${id}, ${requestId}, ${cluster}, ${durationSeconds}::int, ${now}::timestamptz,
      ${isLater ? startsAt : now}::timestamptz
    WHERE ${ifMoved}`
  if (isLater) return { id, objects: [], together: [insertGrant], events: [] }
  const objects = objectKeys({ grantId: id, namespaces, clusterRole })
  const insertIntent = insertNames(cluster, objects, Prisma.sql`SELECT ${id}::text AS id WHERE ${ifMoved}`)
  const event = intentRecorded(posternActor(actor), { ...about, grantId: id }, objects)
  return { id, objects, together: [insertGrant, insertIntent], events: [event] }
}
