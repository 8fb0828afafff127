import { randomBytes } from 'node:crypto'

// The security headers of pages, which limit what a page may load and do.

export const newNonce = (): string => randomBytes(18).toString('base64')

export type PageSecurity = {
  /** Random for each response. */
  nonce: string
  /** `next dev` needs `eval` and inline styles. */
  isDevelopment: boolean
  isHttps: boolean
  /** Origins to which Postern redirects after a form: those of the identity provider. */
  formOrigins: readonly string[]
}

/**
 * Content-Security-Policy (level 3). Scripts need the response's nonce or must be loaded by a script that has it,
 * styles come from our own files, and no site may frame a page.
 */
export function contentSecurityPolicy({ nonce, isDevelopment, isHttps, formOrigins }: PageSecurity): string {
  const directives: Record<string, string> = {
    'default-src': "'self'",
    'script-src': `'self' 'nonce-${nonce}' 'strict-dynamic'${isDevelopment ? " 'unsafe-eval'" : ''}`,
    'style-src': isDevelopment ? "'self' 'unsafe-inline'" : `'self' 'nonce-${nonce}'`,
    'img-src': "'self' data: blob:",
    'font-src': "'self'",
    'connect-src': "'self'",
    // That of browser notifications.
    'worker-src': "'self'",
    'object-src': "'none'",
    'base-uri': "'none'",
    'frame-ancestors': "'none'",
    'form-action': ["'self'", ...formOrigins].join(' '),
    ...(isHttps ? { 'upgrade-insecure-requests': '' } : {}),
  }
  return Object.entries(directives)
    .map(([name, value]) => `${name} ${value}`.trim())
    .join('; ')
}

const features = ['camera', 'microphone', 'geolocation', 'payment', 'usb', 'serial', 'hid', 'midi', 'display-capture']

/** The headers of the build's scripts and styles. HSTS is sent only over https, as RFC 6797 §7.2 requires. */
export const fileHeaders = (isHttps: boolean): Record<string, string> => ({
  'x-content-type-options': 'nosniff',
  // A missing file is answered with a page.
  'x-frame-options': 'DENY',
  'cross-origin-resource-policy': 'same-origin',
  ...(isHttps ? { 'strict-transport-security': 'max-age=63072000' } : {}),
})

/**
 * The headers of every other response, page or not. What is more here concerns documents only: a page needs some twenty
 * scripts, for which it would be 3 kB.
 */
export const securityHeaders = (isHttps: boolean): Record<string, string> => ({
  ...fileHeaders(isHttps),
  // Keeps ids out of other sites' logs, while Postern still sees that a form came from one of its own pages.
  'referrer-policy': 'same-origin',
  'permissions-policy': features.map((feature) => `${feature}=()`).join(', '),
  'cross-origin-opener-policy': 'same-origin',
})
