// Reads the rotas outside of Postern. Nothing waits for it: pages and decisions use what was last read.
import { claimRotaRead, saveRota, saveRotaProblem } from '#lib/adapters/db/rotas/rota-states'
import { currentPolicy } from '#lib/adapters/policy/current'
import { RotaUnavailable } from '#lib/adapters/rotas/get'
import { readRota } from '#lib/adapters/rotas/read-rota'
import type { Rota } from '#lib/core/access/rota'
import { sourceOf } from '#lib/core/access/rota-source'
import { log } from '#lib/observability/log'
import { workerActor } from '../work.ts'

/** Seconds between two readings. */
const readEvery = 60
const longestPause = 3600
/** Hours of shifts that are read: what was read counts for a day, and a shift that began earlier still runs. */
const [hoursBack, hoursAhead] = [24, 48]

/** Reads one rota if that is due. Never throws for what its source does. */
export async function readOne(rota: Rota): Promise<void> {
  const source = sourceOf(rota)
  if (!source || !(await claimRotaRead(rota.name, source))) return
  const reading = { name: rota.name, source, actor: workerActor(), nextSeconds: readEvery }
  const now = new Date()
  const period = {
    from: new Date(now.getTime() - hoursBack * 3_600_000),
    until: new Date(now.getTime() + hoursAhead * 3_600_000),
  }
  try {
    const exceptions = currentPolicy().configuration.openAddresses ?? []
    await saveRota(reading, await readRota(source, rota.zone ?? 'UTC', period, exceptions), now)
  } catch (error) {
    const isKnown = error instanceof RotaUnavailable
    if (!isKnown) log.warn({ rota: rota.name, err: error }, 'a rota cannot be read')
    const sentence = isKnown ? error.message : 'the rota could not be read'
    const wait = isKnown ? (error.retryAfterSeconds ?? 0) : 0
    await saveRotaProblem({ ...reading, nextSeconds: Math.min(longestPause, Math.max(readEvery, wait)) }, sentence)
  }
}

/** Reads every rota that is due, all at once, so that a slow one holds up only itself. */
export async function readRotas(): Promise<void> {
  const { rotas } = currentPolicy().configuration
  const results = await Promise.allSettled(rotas.filter((rota) => sourceOf(rota)).map(readOne))
  const failed = results.find((result) => result.status === 'rejected')
  if (failed) throw failed.reason
}
