import { z } from 'zod'

/** Whether the reader may do this and, if not, why. Pages show this answer and never decide again. */
export const may = z.union([
  z.strictObject({ may: z.literal(true) }),
  z.strictObject({ may: z.literal(false), why: z.string() }),
])
export type May = z.infer<typeof may>
