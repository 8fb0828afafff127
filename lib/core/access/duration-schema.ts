// Apart from duration.ts, so that the browser does not load the schema library.
import { z } from 'zod'
import { durationPattern, parseDuration } from './duration.ts'

/** Takes an ISO 8601 duration of at least one second; yields whole seconds. */
export const durationSchema = z
  .string()
  .regex(durationPattern, {
    error: 'must be an ISO 8601 duration greater than zero, such as PT30M or PT1H30M',
    // Or else rules that compare two durations would compare texts.
    abort: true,
  })
  .transform((text) => parseDuration(text) ?? z.NEVER)
