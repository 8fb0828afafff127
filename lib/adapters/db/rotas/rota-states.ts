import { z } from 'zod'
import { recordEvent } from '#lib/adapters/db/audit/audit'
import { db, transaction } from '#lib/adapters/db/client'
import { signatureOf, signingKeys } from '#lib/adapters/db/signing'
import type { SystemActor } from '#lib/core/access/actor'
import { contentHash } from '#lib/core/access/content-hash'
import { type CachedRota, type RotaSource, type Shift, shiftSchema } from '#lib/core/access/rota-source'
import { whyNotSigned } from '#lib/core/signing/signature'
import { rotaStatement } from '#lib/core/signing/statements'

// What workers last read of rotas outside of Postern. Each row is signed, because whoever is on call may approve.

/** Seconds that one reading may take. After that another worker may read the rota. */
const claimSeconds = 60

/** May this worker read the rota now? Of several workers only one gets true. A changed source is read at once. */
export async function claimRotaRead(name: string, source: RotaSource): Promise<boolean> {
  const hash = contentHash(source)
  const count = await db().$executeRaw`
    INSERT INTO rota_states AS r (name, source, next_read_at) VALUES (${name}, ${hash}, now() + make_interval(secs => ${claimSeconds}::int))
    ON CONFLICT (name) DO UPDATE SET next_read_at = excluded.next_read_at, source = excluded.source
    WHERE r.next_read_at <= now() OR r.source <> excluded.source`
  return count > 0
}

type Reading = { name: string; source: RotaSource; actor: SystemActor; nextSeconds: number }

/** Saves what was read. The first reading after a failure is an event. */
export async function saveRota(reading: Reading, shifts: readonly Shift[], readAt: Date): Promise<void> {
  const { name, actor, nextSeconds } = reading
  const source = contentHash(reading.source)
  const signature = signatureOf('rota', rotaStatement({ name, source, shifts, readAt }))
  await transaction(async (tx) => {
    const [before] = await tx.$queryRaw<Array<{ problem: string | null }>>`
      SELECT problem FROM rota_states WHERE name = ${name} FOR UPDATE`
    await tx.$executeRaw`
      UPDATE rota_states SET read_source = ${source}, shifts = ${JSON.stringify(shifts)}::jsonb, read_at = ${readAt}::timestamptz,
        signature = ${signature}, problem = NULL, failing_since = NULL,
        next_read_at = now() + make_interval(secs => ${nextSeconds}::float8)
      WHERE name = ${name}`
    if (before?.problem) await recordEvent(tx, { type: 'rota.recovered', actor, data: { rota: name } })
  })
}

/** Saves why the rota can't be read. What was read before stays. The first failure is an event. */
export async function saveRotaProblem({ name, actor, nextSeconds }: Reading, sentence: string): Promise<void> {
  await transaction(async (tx) => {
    const [before] = await tx.$queryRaw<Array<{ problem: string | null }>>`
      SELECT problem FROM rota_states WHERE name = ${name} FOR UPDATE`
    await tx.$executeRaw`
      UPDATE rota_states SET problem = ${sentence}, failing_since = coalesce(failing_since, now()),
        next_read_at = now() + make_interval(secs => ${nextSeconds}::float8)
      WHERE name = ${name}`
    if (before && !before.problem) await recordEvent(tx, { type: 'rota.failed', actor, data: { rota: name, sentence } })
  })
}

type Row = {
  name: string
  readSource: string | null
  shifts: unknown
  readAt: Date | null
  signature: string | null
  problem: string | null
  failingSince: Date | null
}

const shiftList = z.array(shiftSchema)

/** The shifts, if a worker read them from this source. */
function signedShifts({ name, readSource, shifts, readAt, signature }: Row, source: RotaSource) {
  if (readSource === null || readAt === null || readSource !== contentHash(source)) return undefined
  const statement = () => rotaStatement({ name, source: readSource, shifts, readAt })
  const parsed = shiftList.safeParse(shifts)
  return parsed.success && !whyNotSigned(signingKeys(), 'rota', statement, signature)
    ? { shifts: parsed.data, readAt }
    : undefined
}

/** What was last read of this source, or why it never was; undefined before the first try. */
function toCached(row: Row, source: RotaSource): CachedRota | undefined {
  const read = signedShifts(row, source)
  if (!read && row.problem === null) return undefined
  const { shifts = [], readAt = new Date(0) } = read ?? {}
  const problem = row.problem === null ? null : { sentence: row.problem, since: row.failingSince ?? readAt }
  return { shifts, readAt, problem }
}

/** What was last read of these rotas, by name. */
export async function cachedRotas(sources: ReadonlyMap<string, RotaSource>): Promise<Map<string, CachedRota>> {
  const rows = await db().$queryRaw<Row[]>`
    SELECT name, read_source AS "readSource", shifts, read_at AS "readAt", signature, problem, failing_since AS "failingSince"
    FROM rota_states WHERE name = ANY(${[...sources.keys()]}::text[])`
  return new Map(
    rows.flatMap((row) => {
      const source = sources.get(row.name)
      const cached = source && toCached(row, source)
      return cached ? [[row.name, cached] as const] : []
    }),
  )
}

/** For admins and Prometheus: how old each copy is, and whether the last reading failed. */
export type RotaState = { name: string; ageSeconds: number | null; problem: string | null }

export const rotaStates = (): Promise<RotaState[]> =>
  db().$queryRaw<RotaState[]>`
    SELECT name, extract(epoch FROM clock_timestamp() - read_at)::float8 AS "ageSeconds", problem FROM rota_states ORDER BY name`
