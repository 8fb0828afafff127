import { reads, type Tx } from '#lib/adapters/db/client'
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
