import { unstable_rethrow } from 'next/navigation'
import type { ActionResult } from '#lib/access/action-result'
import type { PersonActor } from '#lib/access/actor'
import { AppError } from '#lib/access/errors'
import { onTheBeat } from '#lib/api/even-time'
import { takeCall } from '#lib/auth/rate-limit'
import { requireActor } from '#lib/auth/session'
import { log } from '#lib/log'
import { metrics } from '#lib/metrics'

/**
 * Runs what an action does, as the person who is signed in. What is refused comes back as a sentence with its fields
 * and a reference; what nobody foresaw comes back as the reference alone, and its cause goes to the log under it.
 */
export async function answer<T extends object>(does: (actor: PersonActor) => Promise<T>): Promise<ActionResult<T>> {
  const actor = await requireActor()
  const { reference } = actor.origin
  const began = performance.now()
  try {
    takeCall('person', actor.person.id)
    return { ...(await does(actor)), error: null }
  } catch (error) {
    unstable_rethrow(error)
    metrics().refusals.inc({ kind: error instanceof AppError ? error.code : 'internal' })
    if (error instanceof AppError && error.code === 'not-found') await onTheBeat(began)
    if (error instanceof AppError) return { error: { sentence: error.message, errors: error.errors, reference } }
    log.error({ err: error, reference }, 'an action failed')
    const sentence = 'Something went wrong inside Postern. Nothing was done half-way; you can try again.'
    return { error: { sentence, errors: [], reference } }
  }
}
