import type { About, NewAuditEvent } from '#lib/adapters/db/audit/audit'
import { newId } from '#lib/adapters/db/ids'
import { ifMoved, type Together } from '#lib/adapters/db/transition'
import type { Actor, SystemActor } from '#lib/core/access/actor'
import { type ObjectKey, objectKeys } from '#lib/core/grants/manifests'
import type { SubjectKind } from '#lib/core/grants/names'
import { Prisma } from '../generated/client.ts'
import type { ClaimedGrant } from './claimed-grant.ts'
import { handOver } from './hand-over.ts'

/** An approved request with its people, as this transaction wrote it, or locked, read and verified it. */
export type Approved = ClaimedGrant['request'] &
  Pick<ClaimedGrant, 'requester' | 'decisions'> & { subject: SubjectKind }

/** A grant that the move of its request to *approved* creates, by statements `together` with it. */
export type NewGrant = { together: Together; events: NewAuditEvent[] }

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
 * at commit. If it begins now, the intent is committed with it (promise 1), so that the worker does not have to, and the
 * worker of this process gets it with the commit.
 */
export function newGrant(actor: Pick<Actor, 'origin'>, approved: Approved, about: About, now: Date): NewGrant {
  const { requester, decisions, subject, ...request } = approved
  const { id: requestId, cluster, namespaces, clusterRole, durationSeconds, startsAt } = request
  const id = newId('grant', now)
  const isLater = startsAt !== null && startsAt > now
  const objects = isLater ? [] : objectKeys({ grantId: id, subject, namespaces, clusterRole })
  const grant: ClaimedGrant = {
    ...{
      now,
      id,
      status: 'pending',
      cluster,
      createdAt: now,
      expiresAt: null,
      endingAt: null,
      endedBy: null,
      attempts: 0,
    },
    ...{ slot: 'begin', request, requester, decisions, signatureFailure: null },
    objects: objects.map((object) => ({ ...object, uid: null, removedAt: null, fingerprint: null })),
  }
  const { worker, leaseUntil } = isLater ? { worker: null, leaseUntil: null } : handOver(grant, 'begin')
  const insertGrant = Prisma.sql`
    INSERT INTO grants (id, request_id, cluster, duration_seconds, created_at, next_attempt_at, lease_until, leased_by)
    SELECT ${id}, ${requestId}, ${cluster}, ${durationSeconds}::int, ${now}::timestamptz,
      ${isLater ? startsAt : now}::timestamptz, ${leaseUntil}::timestamptz, ${worker}
    WHERE ${ifMoved}`
  if (isLater) return { together: [insertGrant], events: [] }
  const insertIntent = insertNames(cluster, objects, Prisma.sql`SELECT ${id}::text AS id WHERE ${ifMoved}`)
  const event = intentRecorded(posternActor(actor), { ...about, grantId: id }, objects)
  return { together: [insertGrant, insertIntent], events: [event] }
}
