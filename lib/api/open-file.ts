import { actorOfRequest, originOfRequest } from '#lib/adapters/auth/actor-of-request'
import type { PersonActor } from '#lib/core/access/actor'
import { AppError } from '#lib/core/access/errors'
import { log } from '#lib/observability/log'
import { alignResponse } from './constant-time.ts'
import type { Handler } from './handle.ts'
import { apiHeaders, problemOf, publicError } from './problem.ts'
import { unlessUnavailable } from './unless-unavailable.ts'

type Params = Record<string, string | string[] | undefined>

/** Who reads it; null for a stranger, and for a caller whose credentials are refused: what is open is open to them too. */
async function readerOf(request: Request): Promise<PersonActor | null> {
  try {
    return await actorOfRequest(request)
  } catch (error) {
    if (error instanceof AppError && error.code === 'unauthenticated') return null
    throw error
  }
}

/** A file that anyone may read, of which some readers see more. The proxy limits how often. */
export const openFile =
  (type: string, read: (actor: PersonActor | null, params: Params) => Promise<string | Buffer>): Handler =>
  async (request, context) => {
    const { reference } = originOfRequest(request)
    const began = performance.now()
    try {
      const file = await unlessUnavailable(readerOf(request).then(async (actor) => read(actor, await context.params)))
      return new Response(typeof file === 'string' ? file : new Uint8Array(file), {
        headers: { ...apiHeaders, 'content-type': type, 'postern-reference': reference },
      })
    } catch (thrown) {
      const error = publicError(thrown)
      if (error.code === 'internal') log.error({ reference, err: thrown }, 'reading a file failed')
      if (error.code === 'not-found') await alignResponse(began)
      return problemOf(error, reference)
    }
  }
