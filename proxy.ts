import { type NextRequest, NextResponse } from 'next/server'
import { isPublicHttps, publicOrigin } from '#lib/adapters/auth/configuration'
import { sessionCookieName, sessionFrom } from '#lib/adapters/auth/cookies'
import { knownProviderOrigins } from '#lib/adapters/auth/discovery'
import { originOf } from '#lib/adapters/auth/origin'
import { pathHeader } from '#lib/adapters/auth/path-header'
import { networkOf, takeCall } from '#lib/adapters/auth/rate-limit'
import { isSameOrigin } from '#lib/adapters/auth/same-origin'
import { contentSecurityPolicy, fileHeaders, newNonce, securityHeaders } from '#lib/api/page-headers'
import { barePageResponse, refuseAction, refusePageCall } from '#lib/api/page-refusals'
import { methodNotAllowed } from '#lib/api/problem'
import { isDatabaseUnavailable } from '#lib/api/unless-unavailable'
import { AppError } from '#lib/core/access/errors'
import { env, isDevelopment } from '#lib/env'

// Security headers for every response. Authorization is not decided here but in the pages, actions and API routes; the
// proxy only rejects requests that no page of Postern sends.

/** Paths that a process without pages still serves. */
const probes = new Set(['/livez', '/readyz', '/metrics'])

/** Answers API servers, in every process: lib/api/review-token.ts decides which. */
const isTokenReview = (pathname: string) => /^\/authenticate\/[^/]+$/.test(pathname)

/** No page has a dot in its path. */
const isFile = (pathname: string) => pathname.startsWith('/_next/') || pathname.includes('.')

/** Serve the session like pages, but are none: they answer 405 to other methods themselves. */
const notPages: ReadonlySet<string> = new Set(['/events', '/log/checkpoint'])

function dress<R extends Response>(response: R, headersOf = securityHeaders): R {
  for (const [name, value] of Object.entries(headersOf(isPublicHttps()))) response.headers.set(name, value)
  return response
}

/**
 * Pages accept reads, and writes by their own server actions. Next compares an action's Origin only with the Host header,
 * and accepts a call without an Origin; Postern requires its configured public address.
 */
function whyForbidden(request: NextRequest): Response | undefined {
  const { method, headers, nextUrl } = request
  if (method === 'GET' || method === 'HEAD') return undefined
  // Next.js answers a write to a file with 500.
  if (isFile(nextUrl.pathname))
    return refusePageCall(request, methodNotAllowed.code, 'A file supports GET and HEAD only.', { allow: 'GET, HEAD' })
  if (method !== 'POST')
    return refusePageCall(request, methodNotAllowed.code, 'A page supports GET, HEAD and POST only.', {
      allow: 'GET, HEAD, POST',
    })
  const isOwn = isSameOrigin(headers, publicOrigin())
  return isOwn ? undefined : refusePageCall(request, 'cross-origin', 'Only Postern’s own pages can make changes here.')
}

type Session = Awaited<ReturnType<typeof sessionFrom>>

/** Rate-limits pages and actions: per session, or per network for callers without one. */
function slowDown(session: Session, headers: Headers): Response | undefined {
  try {
    if (session) takeCall('session', session.id)
    else takeCall('anonymous', networkOf(originOf(headers, 'browser').clientAddress))
    return undefined
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    const seconds = error.retryAfterSeconds ?? 1
    const page = { title: 'Too many requests', sentences: [`Try again in ${seconds} s.`], link: 'again' } as const
    return barePageResponse({ status: 429, ...page }, { 'retry-after': String(seconds) })
  }
}

/**
 * A page that has started streaming can no longer change its status. So the proxy checks the database first for
 * signed-in readers, and responds with a page that reloads automatically.
 */
async function answerDatabaseUnavailable(session: Session, method: string): Promise<Response | undefined> {
  if (method === 'POST' || !session || !(await isDatabaseUnavailable())) return undefined
  const sentences = [
    'Postern’s database isn’t responding, so this page can’t be loaded. It reloads automatically.',
    'No new access is granted meanwhile, and existing tokens still expire on time.',
  ]
  const page = { title: 'Database unavailable', sentences, link: 'again' } as const
  return barePageResponse({ status: 503, ...page }, { 'retry-after': '2', refresh: '3' })
}

/** The refusal of a call, or undefined where it may pass. */
async function refusalOf(request: NextRequest): Promise<Response | undefined> {
  const forbidden = whyForbidden(request)
  if (forbidden) return forbidden
  // A cookie that Postern did not sign counts as no session.
  const session = await sessionFrom(request.cookies.get(sessionCookieName())?.value)
  return (
    slowDown(session, request.headers) ??
    (request.method === 'POST' && !notPages.has(request.nextUrl.pathname) ? await refuseAction(request) : undefined) ??
    (await answerDatabaseUnavailable(session, request.method))
  )
}

export async function proxy(request: NextRequest): Promise<Response> {
  const { pathname, search } = request.nextUrl
  if (isTokenReview(pathname)) return dress(NextResponse.next())
  if (env().role === 'worker' && !probes.has(pathname)) return dress(new NextResponse(null, { status: 404 }))
  if (pathname.startsWith('/api/') || probes.has(pathname)) return dress(NextResponse.next())
  // The scripts and styles of the build are the same for everyone, and a page needs dozens of them: they are not counted.
  const isStatic = pathname.startsWith('/_next/static/')
  const refusal = isStatic ? whyForbidden(request) : await refusalOf(request)
  if (refusal) return dress(refusal)
  if (isStatic) return dress(NextResponse.next(), fileHeaders)
  const policy = contentSecurityPolicy({
    nonce: newNonce(),
    isDevelopment: isDevelopment(),
    isHttps: isPublicHttps(),
    formOrigins: knownProviderOrigins(),
  })
  const headers = new Headers(request.headers)
  // Next reads the nonce from this header and puts it on its own scripts and styles.
  headers.set('content-security-policy', policy)
  headers.set(pathHeader, `${pathname}${search}`)
  // Next compares an action's Origin with this header and throws if they differ. The Origin was checked above.
  headers.set('x-forwarded-host', new URL(publicOrigin()).host)
  const response = NextResponse.next({ request: { headers } })
  response.headers.set('content-security-policy', policy)
  return dress(response)
}
