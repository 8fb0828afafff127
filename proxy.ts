import { randomBytes } from 'node:crypto'
import { type NextRequest, NextResponse } from 'next/server'
import { isPublicHttps, publicOrigin } from '#lib/adapters/auth/configuration'
import { sessionCookieName, sessionFrom } from '#lib/adapters/auth/cookies'
import { knownProviderOrigins } from '#lib/adapters/auth/discovery'
import { originOf } from '#lib/adapters/auth/origin'
import { pathHeader } from '#lib/adapters/auth/path-header'
import { networkOf, takeCall } from '#lib/adapters/auth/rate-limit'
import { isSameOrigin } from '#lib/adapters/auth/same-origin'
import { barePage, barePagePolicy } from '#lib/api/bare-page'
import { contentSecurityPolicy, securityHeaders } from '#lib/api/page-headers'
import { isDatabaseUnavailable } from '#lib/api/unless-unavailable'
import { AppError } from '#lib/core/access/errors'
import { env, isDevelopment } from '#lib/env'

// Security headers for every response. Authorization is not decided here but in the pages, actions and API routes; the
// proxy only rejects requests that no page of Postern sends.

/** Paths that a process without pages still serves. */
const probes = new Set(['/livez', '/readyz', '/metrics'])

/** Bytes. next.config.js sets the same limit for bodies without a Content-Length. */
const longestAction = 256 * 1024

const newNonce = () => randomBytes(18).toString('base64')

/** A plain-text response, where no page can be rendered. */
const plain = (status: number, text: string) =>
  new NextResponse(`${text}\n`, {
    status,
    headers: { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' },
  })

/** A bare page, for a browser that should retry. */
function bare(status: number, title: string, sentences: readonly string[], headers: Record<string, string>) {
  const nonce = newNonce()
  return new NextResponse(barePage({ title, sentences, nonce }), {
    status,
    headers: {
      ...headers,
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': barePagePolicy(nonce),
      'cache-control': 'no-store',
    },
  })
}

function dress(response: NextResponse): NextResponse {
  for (const [name, value] of Object.entries(securityHeaders(isPublicHttps()))) response.headers.set(name, value)
  return response
}

/**
 * Pages accept reads, and writes by their own server actions. Next compares an action's Origin only with the Host header,
 * and accepts a call without an Origin; Postern requires its configured public address.
 */
function whyForbidden({ method, headers }: NextRequest): NextResponse | undefined {
  if (method === 'GET' || method === 'HEAD') return undefined
  if (method !== 'POST') return new NextResponse(null, { status: 405, headers: { allow: 'GET, HEAD, POST' } })
  if (!isSameOrigin(headers, publicOrigin())) return new NextResponse(null, { status: 403 })
  const isTooLarge = Number(headers.get('content-length') ?? 0) > longestAction
  return isTooLarge ? plain(413, 'The request body is too large.') : undefined
}

type Session = Awaited<ReturnType<typeof sessionFrom>>

/** Rate-limits pages and actions: per session, or per network for callers without one. */
function slowDown(session: Session, headers: Headers): NextResponse | undefined {
  try {
    if (session) takeCall('session', session.id)
    else takeCall('anonymous', networkOf(originOf(headers, 'browser').clientAddress))
    return undefined
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    const seconds = error.retryAfterSeconds ?? 1
    return bare(429, 'Too many requests', [`Try again in ${seconds} s.`], { 'retry-after': String(seconds) })
  }
}

/**
 * A page that has started streaming can no longer change its status. So the proxy checks the database first for
 * signed-in readers, and responds with a page that reloads automatically.
 */
async function answerDatabaseUnavailable(session: Session, method: string): Promise<NextResponse | undefined> {
  if (method === 'POST' || !session || !(await isDatabaseUnavailable())) return undefined
  const sentences = [
    'Postern’s database isn’t responding, so this page can’t be loaded. It reloads automatically.',
    'No new access is granted meanwhile, and existing tokens still expire on time.',
  ]
  return bare(503, 'Database unavailable', sentences, { 'retry-after': '2', refresh: '3' })
}

/** The refusal of a call, or undefined where it may pass. */
async function refusalOf(request: NextRequest): Promise<NextResponse | undefined> {
  const forbidden = whyForbidden(request)
  if (forbidden) return forbidden
  // A cookie that Postern did not sign counts as no session.
  const session = await sessionFrom(request.cookies.get(sessionCookieName())?.value)
  return slowDown(session, request.headers) ?? (await answerDatabaseUnavailable(session, request.method))
}

export async function proxy(request: NextRequest): Promise<NextResponse> {
  const { pathname, search } = request.nextUrl
  if (env().role === 'worker' && !probes.has(pathname)) return dress(new NextResponse(null, { status: 404 }))
  if (pathname.startsWith('/api/') || probes.has(pathname)) return dress(NextResponse.next())
  const refusal = await refusalOf(request)
  if (refusal) return dress(refusal)
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
  const response = NextResponse.next({ request: { headers } })
  response.headers.set('content-security-policy', policy)
  return dress(response)
}

export const config = { matcher: '/((?!_next/static/|_next/image).*)' }
