import { randomBytes } from 'node:crypto'
import { type NextRequest, NextResponse } from 'next/server'
import { contentSecurityPolicy, securityHeaders } from '#lib/api/page-headers'
import { isPublicHttps, publicOrigin } from '#lib/auth/configuration'
import { knownProviderOrigins } from '#lib/auth/discovery'
import { pathHeader } from '#lib/auth/path-header'
import { isSameOrigin } from '#lib/auth/same-origin'
import { env, isDevelopment } from '#lib/env'

// Headers for every answer. Who may see what is not decided here but in pages, actions and the API themselves; here is
// only refused what no page of Postern sends.

/** What a process that serves no pages still answers. */
const probes = new Set(['/livez', '/readyz', '/metrics'])

function dress(response: NextResponse): NextResponse {
  for (const [name, value] of Object.entries(securityHeaders(isPublicHttps()))) response.headers.set(name, value)
  return response
}

/**
 * A page is read, or written to by one of its actions. Next compares an action's Origin with whatever Host the call
 * names, and lets a call without one pass; here it has to come from the one address at which Postern stands.
 */
function refusalOf({ method, headers }: NextRequest): NextResponse | undefined {
  if (method === 'GET' || method === 'HEAD') return undefined
  if (method !== 'POST') return new NextResponse(null, { status: 405, headers: { allow: 'GET, HEAD, POST' } })
  return isSameOrigin(headers, publicOrigin()) ? undefined : new NextResponse(null, { status: 403 })
}

export function proxy(request: NextRequest): NextResponse {
  const { pathname, search } = request.nextUrl
  if (env().role === 'worker' && !probes.has(pathname)) return dress(new NextResponse(null, { status: 404 }))
  if (pathname.startsWith('/api/') || probes.has(pathname)) return dress(NextResponse.next())
  const refusal = refusalOf(request)
  if (refusal) return dress(refusal)
  const policy = contentSecurityPolicy({
    nonce: randomBytes(18).toString('base64'),
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
