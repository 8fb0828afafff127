import { randomBytes } from 'node:crypto'
import { type NextRequest, NextResponse } from 'next/server'
import { contentSecurityPolicy, securityHeaders } from '#lib/api/page-headers'
import { isPublicHttps } from '#lib/auth/configuration'
import { knownProviderOrigins } from '#lib/auth/discovery'
import { pathHeader } from '#lib/auth/path-header'
import { env, isDevelopment } from '#lib/env'

// Headers for every answer. Nothing is gated here: who may see what is decided in pages, actions and the API themselves.

/** What a process that serves no pages still answers. */
const probes = new Set(['/livez', '/readyz', '/metrics'])

function dress(response: NextResponse): NextResponse {
  for (const [name, value] of Object.entries(securityHeaders(isPublicHttps()))) response.headers.set(name, value)
  return response
}

export function proxy(request: NextRequest): NextResponse {
  const { pathname, search } = request.nextUrl
  if (env().role === 'worker' && !probes.has(pathname)) return dress(new NextResponse(null, { status: 404 }))
  if (pathname.startsWith('/api/') || probes.has(pathname)) return dress(NextResponse.next())
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
