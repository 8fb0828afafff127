import { setTimeout as delay } from 'node:timers/promises'
import { db } from '#lib/adapters/db/client'
import { unavailable } from '#lib/adapters/db/errors'
import { env } from '#lib/env'

/** Most calls finish within this time, so the database is checked only after it. */
const graceMs = 250

/** Is the database unavailable right now? For code that must know before it starts a response. Never throws. */
export async function isDatabaseUnavailable(patienceMs = env().databaseConnectTimeout): Promise<boolean> {
  const late = new AbortController()
  const answer = db().$queryRaw`SELECT 1`
    .then(
      () => false,
      () => true,
    )
    .finally(() => late.abort())
  return Promise.race([answer, delay(patienceMs, true, { signal: late.signal }).catch(() => answer)])
}

/**
 * The result of `work`, unless it takes long because the database does not respond.
 * @throws AppError `unavailable` then; `work` may still succeed later, as with every lost response
 */
export async function unlessUnavailable<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const outage = new Promise<never>((_, reject) => {
    timer = setTimeout(async () => {
      if (await isDatabaseUnavailable(env().databaseConnectTimeout - graceMs)) reject(unavailable())
    }, graceMs)
  })
  try {
    return await Promise.race([work, outage])
  } finally {
    clearTimeout(timer)
  }
}
