import { setTimeout as delay } from 'node:timers/promises'
import { db } from '#lib/adapters/db/client'
import { unavailable } from '#lib/adapters/db/errors'

/** Milliseconds: whoever waits is told within two seconds. */
const patience = 1_500
/** Milliseconds in which nearly every call is over, so that these cost the database no question. */
const unasked = 250

/** Does the database not answer at this moment? For what has to say so before it begins an answer. Never throws. */
export async function isDatabaseUnavailable(patienceMs = patience): Promise<boolean> {
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
 * What `work` comes to, unless it takes long because the database does not answer.
 * @throws AppError `unavailable` then; what `work` does may still come about, as with every answer that is lost
 */
export async function unlessUnavailable<T>(work: Promise<T>): Promise<T> {
  const over = new AbortController()
  const watch = async () => {
    await delay(unasked, undefined, { signal: over.signal })
    if (await isDatabaseUnavailable(patience - unasked)) throw unavailable()
    return work
  }
  try {
    return await Promise.race([work, watch()])
  } finally {
    over.abort()
  }
}
