import { db, reads } from '#lib/adapters/db/client'
import type { VerifierKey } from '#lib/core/log/checkpoint'
import { cosignatureOf } from '#lib/core/log/cosignature'

/** Rows of one size that are read. Someone with write access to the database could add others. */
const most = 500

export async function saveCosignature(size: number, line: string): Promise<void> {
  await db().$executeRaw`INSERT INTO log_cosignatures (size, line) VALUES (${size}, ${line}) ON CONFLICT DO NOTHING`
}

/** The note with the cosignatures of these witnesses that are genuine. */
export async function withCosignatures(
  { size, note }: { size: number; note: string },
  witnesses: readonly VerifierKey[],
): Promise<string> {
  if (witnesses.length === 0) return note
  const rows = await reads().$queryRaw<{ line: string }[]>`
    SELECT line FROM log_cosignatures WHERE size = ${size} ORDER BY cosigned_at LIMIT ${most}`
  const lines = witnesses.flatMap((key) => {
    const found = rows.map(({ line }) => cosignatureOf(note, line, key)).find((one) => one !== null)
    return found ? [`${found.line}\n`] : []
  })
  return note + lines.join('')
}
