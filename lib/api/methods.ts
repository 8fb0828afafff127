import { newReference } from '#lib/observability/reference'
import type { Handler } from './handle.ts'
import { apiHeaders, methodNotAllowed, problemAnswer } from './problem.ts'

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const
type Method = (typeof methods)[number]

/** HEAD is GET without its body (RFC 9110 §9.3.2). */
const headOf =
  (get: Handler): Handler =>
  async (request, context) => {
    const { status, headers } = await get(request, context)
    return new Response(null, { status, headers })
  }

/**
 * Every method of one address: those that are given, HEAD where there is GET, OPTIONS, and 405 with `Allow` for the
 * rest. There are no CORS headers: other sites' pages have no business here.
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
        detail: `${request.method} is not possible here; ${allow} ${allowed.length === 1 ? 'is' : 'are'}.`,
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
