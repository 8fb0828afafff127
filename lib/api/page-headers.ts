// What every page's answer says to the browser about what the page may load and do.

export type PageSecurity = {
  /** New for each answer, unguessable. */
  nonce: string
  /** `next dev` evaluates code and writes styles into pages; nothing else may. */
  isDevelopment: boolean
  isHttps: boolean
  /** Origins that a form may lead to besides Postern: the identity provider's, by Postern's redirect. */
  formOrigins: readonly string[]
}

/**
 * Content-Security-Policy (level 3). Scripts need this answer's nonce, or to be loaded by one that has it; styles come
 * from our own files; nobody may frame a page.
 */
export function contentSecurityPolicy({ nonce, isDevelopment, isHttps, formOrigins }: PageSecurity): string {
  const directives: Record<string, string> = {
    'default-src': "'self'",
    'script-src': `'self' 'nonce-${nonce}' 'strict-dynamic'${isDevelopment ? " 'unsafe-eval'" : ''}`,
    'style-src': isDevelopment ? "'self' 'unsafe-inline'" : `'self' 'nonce-${nonce}'`,
    'img-src': "'self' data: blob:",
    'font-src': "'self'",
    'connect-src': "'self'",
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

/** Headers that every answer has, page or not. HSTS only over https: RFC 6797 §7.2 forbids it elsewhere. */
export const securityHeaders = (isHttps: boolean): Record<string, string> => ({
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  // Keeps ids out of other sites' logs, and lets Postern's own pages still say where a form came from.
  'referrer-policy': 'same-origin',
  'permissions-policy': features.map((feature) => `${feature}=()`).join(', '),
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  ...(isHttps ? { 'strict-transport-security': 'max-age=63072000' } : {}),
})
