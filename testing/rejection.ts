import { expect } from 'vitest'
import { AppError } from '#lib/core/access/errors'

/** The AppError that a call was refused with. Throws if the call succeeded or failed in another way. */
export async function rejectionOf(call: Promise<unknown>): Promise<AppError> {
  const outcome = await call.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  )
  if ('value' in outcome) throw new Error(`the call was not refused: ${JSON.stringify(outcome.value)}`)
  if (!(outcome.error instanceof AppError)) throw outcome.error
  return outcome.error
}

/** Two calls are refused in exactly the same way, so that the caller can't tell one reason from the other. */
export async function expectSameRejection(
  call: () => Promise<unknown>,
  other: () => Promise<unknown>,
): Promise<AppError> {
  const [error, otherError] = [await rejectionOf(call()), await rejectionOf(other())]
  expect({ ...error, message: error.message }).toEqual({ ...otherError, message: otherError.message })
  return error
}
