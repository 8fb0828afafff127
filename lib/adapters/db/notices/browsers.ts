import { db, reads, type Tx } from '#lib/adapters/db/client'
import type { PushSubscription } from '#lib/core/access/push-subscription'
import { groupsCountForDays } from '#lib/core/notices/who-is-notified'

// The browsers in which people are notified.

export type StoredBrowser = { id: string; label: string; createdAt: Date }

/** The browsers of a person, newest first. */
export const browsersOf = (personId: string): Promise<StoredBrowser[]> =>
  reads().$queryRaw<StoredBrowser[]>`
    SELECT id, label, created_at AS "createdAt" FROM browsers WHERE person_id = ${personId} ORDER BY id DESC`

/** Those to notify: none of someone whom the identity provider has not confirmed for long. */
export const subscriptionsOf = (personId: string): Promise<Array<PushSubscription & { id: string }>> =>
  db().$queryRaw<Array<PushSubscription & { id: string }>>`
    SELECT b.id, b.endpoint, b.p256dh, b.auth FROM browsers b JOIN people p ON p.id = b.person_id
    WHERE b.person_id = ${personId} AND p.groups_at > now() - make_interval(days => ${groupsCountForDays}::int)`

/** Of these people, those who are notified in a browser. */
export async function peopleWithBrowsers(personIds: readonly string[]): Promise<ReadonlySet<string>> {
  const rows = await db().$queryRaw<Array<{ id: string }>>`
    SELECT DISTINCT person_id AS id FROM browsers WHERE person_id = ANY(${personIds}::text[])`
  return new Set(rows.map(({ id }) => id))
}

/**
 * Adds a browser. One that another person used before, or this one with other keys, is then this person's alone: an endpoint
 * belongs to one browser. Returns how many the person has then.
 */
export async function insertBrowser(
  tx: Tx,
  browser: PushSubscription & { id: string; personId: string; label: string },
): Promise<number> {
  const { id, personId, endpoint, p256dh, auth, label } = browser
  await tx.$executeRaw`DELETE FROM browsers WHERE endpoint = ${endpoint}`
  await tx.$executeRaw`
    INSERT INTO browsers (id, person_id, endpoint, p256dh, auth, label)
    VALUES (${id}, ${personId}, ${endpoint}, ${p256dh}, ${auth}, ${label})`
  const [row] = await tx.$queryRaw<Array<{ count: number }>>`
    SELECT count(*)::int AS count FROM browsers WHERE person_id = ${personId}`
  return row?.count ?? 0
}

/** Returns the label of the removed browser; null if this person has none with that id. */
export async function deleteBrowser(tx: Tx, personId: string, id: string): Promise<string | null> {
  const [row] = await tx.$queryRaw<Array<{ label: string }>>`
    DELETE FROM browsers WHERE id = ${id} AND person_id = ${personId} RETURNING label`
  return row?.label ?? null
}

/** Removes a browser unless it is this person's. */
export async function deleteBrowserOfOthers(tx: Tx, personId: string, id: string): Promise<void> {
  await tx.$executeRaw`DELETE FROM browsers WHERE id = ${id} AND person_id <> ${personId}`
}

/** Removes all browsers of a person but one. */
export async function deleteOtherBrowsers(tx: Tx, personId: string, keep: string): Promise<void> {
  await tx.$executeRaw`DELETE FROM browsers WHERE person_id = ${personId} AND id <> ${keep}`
}

/** The push service no longer knows this browser. */
export async function forgetBrowser(id: string): Promise<void> {
  await db().$executeRaw`DELETE FROM browsers WHERE id = ${id}`
}

/** Deletes the browsers of people whom the identity provider has not confirmed for long: perhaps they have left. */
export async function pruneBrowsers(): Promise<void> {
  await db().$executeRaw`
    DELETE FROM browsers b USING people p
    WHERE p.id = b.person_id AND p.groups_at < now() - make_interval(days => ${groupsCountForDays}::int)`
}
