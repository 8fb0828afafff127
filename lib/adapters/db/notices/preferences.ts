import { reads, type Tx } from '#lib/adapters/db/client'
import type { NoticeKind } from '#lib/core/notices/kinds'

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
