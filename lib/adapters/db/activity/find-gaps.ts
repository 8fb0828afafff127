import { reads } from '#lib/adapters/db/client'
import { Prisma } from '../generated/client.ts'
import { once } from './find-calls.ts'

type Range = { cluster?: string | undefined; from: Date; to: Date }

const ofCluster = (column: Prisma.Sql, { cluster }: Range) =>
  cluster === undefined ? Prisma.sql`true` : Prisma.sql`${column} = ${cluster}`

export type FilledGapRow = {
  importId: string
  cluster: string
  firstAt: Date
  lastAt: Date
  count: number
  file: string
  by: string
  at: Date
}

/** Calls that had not arrived before an import brought them. Those of one import less than five minutes apart are one gap. */
export const findFilledGaps = (range: Range, limit: number) =>
  reads().$queryRaw<FilledGapRow[]>`
    WITH calls AS (
      SELECT a.import_id, a.at, a.at - lag(a.at) OVER (PARTITION BY a.import_id ORDER BY a.at) AS after
      FROM activity a WHERE a.import_id IS NOT NULL AND a.at >= ${range.from} AND a.at < ${range.to} AND ${once}),
    numbered AS (
      SELECT import_id, at, count(*) FILTER (WHERE after > interval '5 minutes') OVER (PARTITION BY import_id ORDER BY at) AS n
      FROM calls)
    SELECT i.id AS "importId", i.cluster, min(c.at) AS "firstAt", max(c.at) AS "lastAt", count(*)::int AS count, i.file,
      p.name AS by, i.at
    FROM numbered c JOIN activity_imports i ON i.id = c.import_id JOIN people p ON p.id = i.person_id
    WHERE ${ofCluster(Prisma.sql`i.cluster`, range)}
    GROUP BY i.id, p.name, c.n ORDER BY max(c.at) DESC LIMIT ${limit}`

export type SilenceRow = { cluster: string; from: Date; to: Date; usualSeconds: number }

/**
 * Times without a call in a cluster that are longer than five minutes, and than three times the interval that 95 % of its
 * intervals in the range and the week before don't exceed. Of a cluster with fewer than 20 intervals, what is usual is not known.
 */
export const findSilences = (range: Range, limit: number) =>
  reads().$queryRaw<SilenceRow[]>`
    WITH intervals AS (
      SELECT cluster, minute, lead(minute, 1, ${range.to}::timestamptz) OVER (PARTITION BY cluster ORDER BY minute) AS next
      FROM activity_minutes
      WHERE minute >= ${range.from}::timestamptz - interval '7 days' AND minute < ${range.to}
        AND ${ofCluster(Prisma.sql`cluster`, range)}),
    usual AS (
      SELECT cluster, percentile_disc(0.95) WITHIN GROUP (ORDER BY next - minute) AS usual FROM intervals
      GROUP BY cluster HAVING count(*) >= 20)
    SELECT i.cluster, i.minute + interval '1 minute' AS "from", i.next AS "to", extract(epoch FROM usual)::float8 AS "usualSeconds"
    FROM intervals i JOIN usual USING (cluster)
    WHERE i.next - i.minute > greatest(interval '5 minutes', 3 * usual) AND i.next > ${range.from}
    ORDER BY i.next DESC LIMIT ${limit}`
