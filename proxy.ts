import { randomBytes } from 'node:crypto'
import { type NextRequest, NextResponse } from 'next/server'
import { isPublicHttps } from '#lib/auth/configuration'
import { knownProviderOrigins } from '#lib/auth/discovery'
import { pathHeader } from '#lib/auth/path-header'
import { env, isDevelopment } from '#lib/env'

// Headers for every page. Nothing is gated here: who may see what is decided in pages, actions and the API themselves.

/**
 * What a page may load and do. Scripts need this answer's nonce, or to be loaded by one that has it; styles come from
 * our own files. Forms go to Postern, and by its redirect to the identity provider.
 */
function contentSecurityPolicy(nonce: string): string {
  const isDev = isDevelopment()
  const directives: Record<string, string> = {
    'default-src': "'self'",
    'script-src': `'self' 'nonce-${nonce}' 'strict-dynamic'${isDev ? " 'unsafe-eval'" : ''}`,
    'style-src': isDev ? "'self' 'unsafe-inline'" : `'self' 'nonce-${nonce}'`,
    'img-src': "'self' data: blob:",
    'font-src': "'self'",
    'connect-src': "'self'",
    'object-src': "'none'",
    'base-uri': "'none'",
    'frame-ancestors': "'none'",
    'form-action': ["'self'", ...knownProviderOrigins()].join(' '),
    ...(isPublicHttps() ? { 'upgrade-insecure-requests': '' } : {}),
  }
  return Object.entries(directives)
    .map(([name, value]) => `${name} ${value}`.trim())
    .join('; ')
}

const features = ['camera', 'microphone', 'geolocation', 'payment', 'usb', 'serial', 'hid', 'midi', 'display-capture']

const securityHeaders = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  // Same-origin keeps ids out of other sites' logs, and still lets Postern's own pages say where a form came from.
  'referrer-policy': 'same-origin',
  'permissions-policy': features.map((feature) => `${feature}=()`).join(', '),
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
}

/** What a process that serves no pages still answers. */
const probes = new Set(['/livez', '/readyz', '/metrics'])

function dress(response: NextResponse): NextResponse {
  for (const [name, value] of Object.entries(securityHeaders)) response.headers.set(name, value)
  if (isPublicHttps()) response.headers.set('strict-transport-security', 'max-age=63072000')
  return response
}

export function proxy(request: NextRequest): NextResponse {
  const { pathname, search } = request.nextUrl
  if (env().role === 'worker' && !probes.has(pathname)) return dress(new NextResponse(null, { status: 404 }))
  if (pathname.startsWith('/api/') || probes.has(pathname)) return dress(NextResponse.next())
  const policy = contentSecurityPolicy(randomBytes(18).toString('base64'))
  const headers = new Headers(request.headers)
  // Next reads the nonce from this header and puts it on its own scripts and styles.
  headers.set('content-security-policy', policy)
  headers.set(pathHeader, `${pathname}${search}`)
  const response = NextResponse.next({ request: { headers } })
  response.headers.set('content-security-policy', policy)
  return dress(response)
}

export const config = { matcher: '/((?!_next/static/|_next/image).*)' }
