import { newReference } from '#lib/observability/reference'
import type { Handler } from './handle.ts'
import { apiHeaders, methodNotAllowed, problemAnswer } from './problem.ts'

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const
type Method = (typeof methods)[number]

/** HEAD is GET without the body (RFC 9110 §9.3.2). */
const headOf =
  (get: Handler): Handler =>
  async (request, context) => {
    const { status, headers } = await get(request, context)
    return new Response(null, { status, headers })
  }

/**
 * The handlers for every method of a path: the given ones, HEAD if there is a GET, OPTIONS, and 405 with `Allow` for
 * the others. There are no CORS headers, because pages of other sites may not call Postern.
 */
export function methodsOf(handlers: { GET?: Handler; POST?: Handler }): Record<Method, Handler> {
  const allowed = methods.filter(
    (method) => method === 'OPTIONS' || (method === 'HEAD' ? 'GET' in handlers : method in handlers),
  )
  const allow = allowed.join(', ')
  const refuse: Handler = async (request) =>
    problemAnswer(
      {
        ...methodNotAllowed,
        detail: `This path does not support ${request.method}. Use ${allow}.`,
        errors: [],
        reference: newReference(),
      },
      { allow },
    )
  const options: Handler = async () => new Response(null, { status: 204, headers: { ...apiHeaders, allow } })
  return {
    GET: handlers.GET ?? refuse,
    HEAD: handlers.GET ? headOf(handlers.GET) : refuse,
    POST: handlers.POST ?? refuse,
    PUT: refuse,
    PATCH: refuse,
    DELETE: refuse,
    OPTIONS: options,
  }
}
