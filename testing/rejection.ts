import { AppError } from '#lib/core/access/errors'

/** The AppError that a call was refused with. Throws when it was not refused, or failed in another way. */
export async function rejectionOf(call: Promise<unknown>): Promise<AppError> {
  const outcome = await call.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  )
  if ('value' in outcome) throw new Error(`not refused: ${JSON.stringify(outcome.value)}`)
  if (!(outcome.error instanceof AppError)) throw outcome.error
  return outcome.error
}
