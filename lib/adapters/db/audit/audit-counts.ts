// The number of events in each hour and day that is over, so that a histogram of years reads thousands of rows, not millions.
import { db, reads } from '#lib/adapters/db/client'
import { Prisma } from '../generated/client.ts'

export type Span = 'hour' | 'day'
export const spanMs: Readonly<Record<Span, number>> = { hour: 3_600_000, day: 86_400_000 }

/** A transaction lasts at most 15 seconds, so an hour that ended longer ago gets no more events. */
const settled = Prisma.sql`interval '2 minutes'`
/** Hours or days per statement, so that the first count of an old database is not one long statement. */
const atOnce = 100

/** Counts the next hours or days that are over. Returns how many rows it wrote. */
const countNext = (span: Span): Promise<number> => {
  const width = Prisma.sql`(${`1 ${span}`})::interval`
  return db().$executeRaw`
    WITH first AS (
      SELECT date_trunc(${span}, at) AS low FROM audit_events
      WHERE at >= coalesce((SELECT max(start) + ${width} FROM audit_counts WHERE span = ${span}), '-infinity')
      ORDER BY at LIMIT 1)
    INSERT INTO audit_counts (span, start, cluster, type, count)
    SELECT ${span}, date_trunc(${span}, at), coalesce(cluster, ''), type, count(*)
    FROM first, audit_events
    WHERE at >= low AND at < least(low + ${atOnce} * ${width}, date_trunc(${span}, clock_timestamp() - ${settled}))
    GROUP BY 2, 3, 4
    -- Another worker counted them at this moment, and found the same.
    ON CONFLICT DO NOTHING`
}

/** Counts every hour and day that is over and not counted yet. */
export async function countPastEvents(): Promise<void> {
  for (const span of ['hour', 'day'] as const) while ((await countNext(span)) > 0);
}

export type PastCount = { start: Date; count: number }

/**
 * The counted events of a range by hour or day, and the end of the last one that is counted; null if none is.
 * @param from the start of an hour or day
 */
export async function pastCounts(
  span: Span,
  { from, to, cluster, type }: { from: Date; to: Date; cluster?: string | undefined; type?: string | undefined },
): Promise<{ counts: PastCount[]; until: Date | null }> {
  const width = Prisma.sql`(${`1 ${span}`})::interval`
  const [last] = await reads().$queryRaw<{ until: Date | null }[]>`
    SELECT max(start) + ${width} AS until FROM audit_counts WHERE span = ${span}`
  const until = last?.until ?? null
  if (!until) return { counts: [], until }
  const counts = await reads().$queryRaw<PastCount[]>`
    SELECT start, sum(count)::int AS count FROM audit_counts
    WHERE span = ${span} AND start >= ${from} AND start + ${width} <= least(${to}::timestamptz, ${until}::timestamptz)
      AND ${cluster === undefined ? Prisma.sql`true` : Prisma.sql`cluster = ${cluster}`}
      AND ${type === undefined ? Prisma.sql`true` : Prisma.sql`type = ${type}`}
    GROUP BY 1 ORDER BY 1`
  return { counts, until }
}
