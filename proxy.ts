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

// Headers for every answer. Who may see what is not decided here but in pages, actions and the API themselves; here is
// only refused what no page of Postern sends.

/** What a process that serves no pages still answers. */
const probes = new Set(['/livez', '/readyz', '/metrics'])

/** Bytes; next.config.js holds those that do not tell their length to the same. */
const longestAction = 256 * 1024

const newNonce = () => randomBytes(18).toString('base64')

/** What is said where no page can be made. */
const plain = (status: number, text: string) =>
  new NextResponse(`${text}\n`, {
    status,
    headers: { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' },
  })

/** The same to whoever looks at a page, and should come back to it. */
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
 * A page is read, or written to by one of its actions. Next compares an action's Origin with whatever Host the call
 * names, and lets a call without one pass; here it has to come from the one address at which Postern stands.
 */
function whyForbidden({ method, headers }: NextRequest): NextResponse | undefined {
  if (method === 'GET' || method === 'HEAD') return undefined
  if (method !== 'POST') return new NextResponse(null, { status: 405, headers: { allow: 'GET, HEAD, POST' } })
  if (!isSameOrigin(headers, publicOrigin())) return new NextResponse(null, { status: 403 })
  const isTooLarge = Number(headers.get('content-length') ?? 0) > longestAction
  return isTooLarge ? plain(413, 'This is larger than any form of Postern.') : undefined
}

type Session = Awaited<ReturnType<typeof sessionFrom>>

/** Every page and every action takes a call: of the session, or where there is none of the network it comes from. */
function slowDown(session: Session, headers: Headers): NextResponse | undefined {
  try {
    if (session) takeCall('session', session.id)
    else takeCall('stranger', networkOf(originOf(headers, 'browser').clientAddress))
    return undefined
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    const seconds = error.retryAfterSeconds ?? 1
    return bare(429, 'Too many pages at once', [`Try again in ${seconds} s.`], { 'retry-after': String(seconds) })
  }
}

/**
 * A page that has begun cannot say any more that it failed, so whoever is signed in, and would be shown something out of
 * the database, is told before. Their browser asks again by itself.
 */
async function answerDatabaseUnavailable(session: Session, method: string): Promise<NextResponse | undefined> {
  if (method === 'POST' || !session || !(await isDatabaseUnavailable())) return undefined
  const sentences = [
    'Postern’s database does not answer, so nothing can be shown. This page tries again by itself.',
    'Nobody gains access meanwhile, and the tokens of access that was given end on time.',
  ]
  return bare(503, 'The database is away', sentences, { 'retry-after': '2', refresh: '3' })
}

/** Why this call is not answered with what it asks for. */
async function refusalOf(request: NextRequest): Promise<NextResponse | undefined> {
  const forbidden = whyForbidden(request)
  if (forbidden) return forbidden
  // A cookie that Postern did not make is none.
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
