import { readBody } from '#lib/adapters/auth/read-body'
import { AppError, type ErrorCode } from '#lib/core/access/errors'
import { newReference } from '#lib/observability/reference'
import { actionsOfBuild, faultOfAction } from './action-call.ts'
import { barePage, barePagePolicy } from './bare-page.ts'
import { newNonce } from './page-headers.ts'
import { methodNotAllowed, problemAnswer, statuses } from './problem.ts'

// Answers to calls of pages that no page takes: Next.js does not see them.

/** Bytes. next.config.js sets the same limit for bodies without a Content-Length. */
const longestAction = 256 * 1024

type Bare = { status: number; title: string; sentences: readonly string[]; link: 'again' | 'home' }

/** A page where Next.js renders none. */
export function barePageResponse({ status, ...page }: Bare, headers: Record<string, string>): Response {
  const nonce = newNonce()
  return new Response(barePage({ ...page, nonce }), {
    status,
    headers: {
      ...headers,
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': barePagePolicy(nonce),
      'cache-control': 'no-store',
    },
  })
}

/** Refuses a call with a bare page for a browser, and with a problem document for a script. */
export function refusePageCall(
  { headers }: Request,
  code: ErrorCode | typeof methodNotAllowed.code,
  detail: string,
  more: Record<string, string> = {},
): Response {
  const { status, title } = code === methodNotAllowed.code ? methodNotAllowed : statuses[code]
  const isForBrowser = !headers.has('next-action') && headers.get('accept')?.includes('text/html')
  if (isForBrowser) return barePageResponse({ status, title, sentences: [detail], link: 'home' }, more)
  return problemAnswer({ status, title, code, detail, errors: [], reference: newReference() }, more)
}

/** Refuses a write that no page of Postern makes, before Next.js decodes it. */
export async function refuseAction(request: Request): Promise<Response | undefined> {
  const body = await readBody(request, longestAction).catch((error: unknown) => error)
  if (body instanceof AppError) return refusePageCall(request, body.code, body.message)
  if (!Buffer.isBuffer(body)) throw body
  const fault = faultOfAction(request.headers, body, actionsOfBuild())
  if (fault === 'malformed')
    return refusePageCall(
      request,
      'malformed',
      'This is not a form or an action of Postern. Reload the page and try again.',
    )
  if (fault === 'unknown') {
    const detail = 'This page is from another version of Postern. Reload it and try again.'
    // The header is for Next's client.
    return refusePageCall(request, 'conflict', detail, { 'x-nextjs-action-not-found': '1' })
  }
  return undefined
}
