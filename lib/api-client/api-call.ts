// A call of the API as the `postern` command and the tools of agents make it.
import { z } from 'zod'

export type ApiCall<S extends z.ZodType> = {
  /** Below /api/v1, with the query. */
  path: string
  response: S
  /** A POST if it is present. */
  body?: object
  /** Repeats of the same call have the same effect as one. */
  isKeyed?: boolean
  /** The Idempotency-Key, for a call that may repeat an earlier one. Otherwise each call with `isKeyed` gets its own. */
  key?: string
  timeoutMs?: number
  interrupt?: AbortSignal
}

export type CallApi = <S extends z.ZodType>(call: ApiCall<S>) => Promise<z.output<S>>

/** NB: not strict: a newer server may send more. */
export const problem = z.object({
  code: z.string().default(''),
  detail: z.string().default(''),
  errors: z.array(z.object({ pointer: z.string(), message: z.string() })).default([]),
  reference: z.string().optional(),
})
export type Problem = z.infer<typeof problem>

const maxReasons = 20

/** What a problem document says, and every reason on a line of its own. */
export function problemLines({ detail, errors }: Problem): string[] {
  const reasons = errors
    .slice(0, maxReasons)
    // What concerns no single field may be the detail itself.
    .filter(({ pointer, message }) => pointer || !detail.includes(message))
    .map(({ pointer, message }) => (pointer ? `  ${pointer}: ${message}` : `  ${message}`))
  return [detail, ...reasons]
}
