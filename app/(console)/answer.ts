import type { z } from 'zod'
import { currentActor } from '#lib/adapters/auth/session'
import type { Endpoint } from '#lib/api/endpoints'
import { type Call, performForPage, type Sent } from '#lib/api/perform'
import type { ActionResult } from '#lib/core/access/action-result'

/** Performs an operation for an action, as the signed-in person and through the same entrance as the API. */
export async function answer<E extends Endpoint, T extends z.input<E['answer']>>(
  endpoint: E,
  sent: Sent,
  operation: (call: Call<E>) => Promise<T>,
): Promise<ActionResult<{ value: T }>> {
  const { value, error, reference } = await performForPage(endpoint, currentActor, sent, operation)
  if (!error) return { error: null, value }
  return { error: { code: error.code, sentence: error.message, errors: error.errors, reference } }
}
