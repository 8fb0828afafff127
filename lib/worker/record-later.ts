// What a sweep deleted and could not record, because the database was unavailable or refused it: recorded later.

import type { SystemActor } from '#lib/core/access/actor'
import { AppError } from '#lib/core/access/errors'
import { log } from '#lib/observability/log'

type Recording = (actor: SystemActor) => Promise<void>

/** NB: lost if this process ends; then the end of the grant records that the objects were already gone. */
const waiting: Recording[] = []

export function recordLater(recording: Recording): void {
  waiting.push(recording)
}

/** Records what is waiting. While the database is unavailable it goes on waiting. */
export async function recordWaiting(actor: SystemActor): Promise<void> {
  for (let next = waiting[0]; next; next = waiting[0]) {
    try {
      await next(actor)
    } catch (error) {
      if (error instanceof AppError && error.code === 'unavailable') throw error
      // One that can never be recorded must not keep the others waiting.
      log.error({ err: error }, 'a deletion cannot be recorded')
    }
    waiting.shift()
  }
}
