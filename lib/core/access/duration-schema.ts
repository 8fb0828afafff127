// Apart from duration.ts, so that the browser does not load the schema library.
import { z } from 'zod'
import { parseDuration } from './duration.ts'

/** Takes an ISO 8601 duration of at least one second; yields whole seconds. */
export const durationSchema = z
  .string()
  .max(40)
  .transform((text, context) => {
    const seconds = parseDuration(text)
    if (seconds === undefined) {
      context.addIssue({ code: 'custom', message: 'must be an ISO 8601 duration such as PT30M or PT1H30M' })
      return z.NEVER
    }
    if (seconds < 1) {
      context.addIssue({ code: 'custom', message: 'must be greater than zero, such as PT30M' })
      return z.NEVER
    }
    return seconds
  })
