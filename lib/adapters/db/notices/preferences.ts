import { reads, type Tx } from '#lib/adapters/db/client'
import type { QuietHours } from '#lib/core/access/quiet-hours'
import { weekdays } from '#lib/core/access/quiet-hours-in-words'
import type { NoticeKind } from '#lib/core/notices/kinds'
import { Prisma } from '../generated/client.ts'

/** The kinds that a person does not want by e-mail; none by default. */
export async function mutedKinds(personId: string): Promise<NoticeKind[]> {
  const [row] = await reads().$queryRaw<Array<{ muted: NoticeKind[] }>>`
    SELECT muted FROM notice_preferences WHERE person_id = ${personId}`
  return row?.muted ?? []
}

/** Which of these people do not want this kind by e-mail. */
export async function peopleMuting(kind: NoticeKind, personIds: readonly string[]): Promise<ReadonlySet<string>> {
  const rows = await reads().$queryRaw<Array<{ id: string }>>`
    SELECT person_id AS id FROM notice_preferences WHERE person_id = ANY(${personIds}::text[]) AND ${kind} = ANY(muted)`
  return new Set(rows.map(({ id }) => id))
}

export async function savePreferences(tx: Tx, personId: string, muted: readonly NoticeKind[]): Promise<void> {
  await tx.$executeRaw`
    INSERT INTO notice_preferences (person_id, muted) VALUES (${personId}, ${muted}::text[])
    ON CONFLICT (person_id) DO UPDATE SET muted = excluded.muted`
}

/** The quiet hours of one person; null without any. */
export async function findQuietHours(personId: string): Promise<QuietHours | null> {
  const [row] = await reads().$queryRaw<Array<{ from: string; until: string; days: number[]; zone: string }>>`
    SELECT quiet_from AS "from", quiet_until AS until, quiet_days AS days, quiet_zone AS zone
    FROM notice_preferences WHERE person_id = ${personId} AND quiet_from IS NOT NULL`
  return row ? { ...row, days: weekdays.filter((_, index) => row.days.includes(index + 1)) } : null
}

/**
 * Sets or ends the quiet hours of one person, and returns what the earlier ones held to the queue.
 * @throws with SQLSTATE 22023 if the database does not know the time zone
 */
export async function saveQuietHours(tx: Tx, personId: string, quietHours: QuietHours | null): Promise<void> {
  const days = (quietHours?.days ?? []).map((day) => weekdays.indexOf(day) + 1)
  const { from = null, until = null, zone = null } = quietHours ?? {}
  await tx.$executeRaw`
    INSERT INTO notice_preferences (person_id, quiet_from, quiet_until, quiet_days, quiet_zone)
    VALUES (${personId}, ${from}, ${until}, ${days}::int[], ${zone})
    ON CONFLICT (person_id) DO UPDATE SET quiet_from = excluded.quiet_from, quiet_until = excluded.quiet_until,
      quiet_days = excluded.quiet_days, quiet_zone = excluded.quiet_zone`
  await tx.$executeRaw`
    UPDATE notices SET next_attempt_at = clock_timestamp(), held_until = NULL
    WHERE recipient = ${personId} AND outcome IS NULL AND next_attempt_at = held_until`
}

/** Is the person of preferences `a` away now? */
export const isAwayNow = Prisma.sql`a.away_from <= now() AND a.away_until > now()`

/** Of these people, those who are away now, each with the colleague who is notified instead. */
export async function absencesOf(
  personIds: readonly string[],
): Promise<Map<string, { delegateId: string; until: Date }>> {
  const rows = await reads().$queryRaw<Array<{ id: string; delegateId: string; until: Date }>>`
    SELECT a.person_id AS id, a.delegate_id AS "delegateId", a.away_until AS until FROM notice_preferences a
    WHERE a.person_id = ANY(${personIds}::text[]) AND ${isAwayNow}`
  return new Map(rows.map(({ id, ...absence }) => [id, absence]))
}

/** The absence of one person that has not ended; null without one. */
export async function findAbsence(personId: string): Promise<{ from: Date; until: Date; delegate: string } | null> {
  const [row] = await reads().$queryRaw<Array<{ from: Date; until: Date; delegate: string }>>`
    SELECT a.away_from AS "from", a.away_until AS until, d.name AS delegate
    FROM notice_preferences a JOIN people d ON d.id = a.delegate_id WHERE a.person_id = ${personId} AND a.away_until > now()`
  return row ?? null
}

export async function saveAbsence(
  tx: Tx,
  personId: string,
  { from, until, delegateId }: { from: Date; until: Date; delegateId: string },
): Promise<void> {
  await tx.$executeRaw`
    INSERT INTO notice_preferences (person_id, away_from, away_until, delegate_id)
    VALUES (${personId}, ${from}::timestamptz, ${until}::timestamptz, ${delegateId})
    ON CONFLICT (person_id) DO UPDATE
    SET away_from = excluded.away_from, away_until = excluded.away_until, delegate_id = excluded.delegate_id`
}

/** Returns whether there was an absence to end. */
export async function clearAbsence(tx: Tx, personId: string): Promise<boolean> {
  const count = await tx.$executeRaw`
    UPDATE notice_preferences SET away_from = NULL, away_until = NULL, delegate_id = NULL
    WHERE person_id = ${personId} AND away_until > now()`
  return count > 0
}
