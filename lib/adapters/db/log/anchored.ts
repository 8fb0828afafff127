import { db, reads } from '#lib/adapters/db/client'
import { signatureOf, signingKeys } from '#lib/adapters/db/signing'
import { whyNotSigned } from '#lib/core/signing/signature'
import { anchoredStatement } from '#lib/core/signing/statements'

/** What an anchor has kept: -1 and null before its first checkpoint. */
export type Anchored = { name: string; size: number; keptAt: Date | null; lagSeconds: number }

export async function recordAnchored(name: string, size: number): Promise<void> {
  const signature = signatureOf('anchored', anchoredStatement({ name, size }))
  await db().$executeRaw`
    INSERT INTO log_anchors (name, size, signature) VALUES (${name}, ${size}, ${signature})
    ON CONFLICT (name) DO UPDATE SET size = excluded.size, kept_at = clock_timestamp(), signature = excluded.signature`
}

type Row = { name: string; size: bigint; keptAt: Date; signature: string | null }

/** What Postern recorded of these anchors. A row that it did not write must not stop an anchor, or vouch for it. */
async function keptBy(names: readonly string[]): Promise<Map<string, { size: number; keptAt: Date }>> {
  const rows = await reads().$queryRaw<Row[]>`
    SELECT name, size, kept_at AS "keptAt", signature FROM log_anchors WHERE name = ANY(${[...names]}::text[])`
  return new Map(
    rows.flatMap(({ name, signature, keptAt, ...row }) => {
      const size = Number(row.size)
      const problem = whyNotSigned(signingKeys(), 'anchored', () => anchoredStatement({ name, size }), signature)
      return problem ? [] : [[name, { size, keptAt }] as const]
    }),
  )
}

/** The size of the newest checkpoint that each anchor has kept, and how long the oldest that it lacks has waited. */
export async function anchored(names: readonly string[]): Promise<Anchored[]> {
  const kept = await keptBy(names)
  const sizes = names.map((name) => kept.get(name)?.size ?? -1)
  const rows = await reads().$queryRaw<{ name: string; lagSeconds: number }[]>`
    SELECT name, coalesce(extract(epoch FROM clock_timestamp() - (SELECT signed_at FROM log_checkpoints
        WHERE log_checkpoints.size > wanted.size ORDER BY log_checkpoints.size LIMIT 1)), 0)::float8 AS "lagSeconds"
    FROM unnest(${[...names]}::text[], ${sizes}::bigint[]) AS wanted(name, size)`
  return rows.map((row) => ({ ...row, size: -1, keptAt: null, ...kept.get(row.name) }))
}
