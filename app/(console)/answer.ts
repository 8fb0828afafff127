import { unstable_rethrow } from 'next/navigation'
import { takeCall } from '#lib/adapters/auth/rate-limit'
import { requireActor } from '#lib/adapters/auth/session'
import { alignResponse } from '#lib/api/constant-time'
import type { ActionResult } from '#lib/core/access/action-result'
import type { PersonActor } from '#lib/core/access/actor'
import { AppError } from '#lib/core/access/errors'
import { log } from '#lib/observability/log'
import { metrics } from '#lib/observability/metrics'

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
    if (error instanceof AppError && error.code === 'not-found') await alignResponse(began)
    if (error instanceof AppError) return { error: { sentence: error.message, errors: error.errors, reference } }
    log.error({ err: error, reference }, 'an action failed')
    const sentence = 'Something went wrong inside Postern. Nothing was done half-way; you can try again.'
    return { error: { sentence, errors: [], reference } }
  }
}
