import type { z } from 'zod'
import { AppError } from '#lib/core/access/errors'

/** The body as the schema reads it. @throws AppError `invalid` with every field that is wrong */
export function parsed<S extends z.ZodType>(schema: S, body: unknown): z.infer<S> {
  const result = schema.safeParse(body)
  if (result.success) return result.data
  const errors = result.error.issues.map(({ path, message }) => ({
    pointer: path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join(''),
    message,
  }))
  throw new AppError('invalid', 'Some of it cannot be taken as it is.', { errors })
}
