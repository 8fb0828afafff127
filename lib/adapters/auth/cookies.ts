import { decode } from 'next-auth/jwt'
import type { NamedSession } from '#lib/adapters/db/people/sessions'
import { env } from '#lib/env'
import { isPublicHttps } from './configuration.ts'

// Every cookie that Postern sets is of its own name, for this host alone, and unreadable for scripts.

/** `__Host-` (RFC 6265bis §4.1.3.2): over https, for exactly this host and path; no other host can plant it. */
const prefixed = (name: string): string => (isPublicHttps() ? `__Host-${name}` : name)

export const sessionCookieName = (): string => prefixed('postern.session')

const attributes = () => ({ httpOnly: true, sameSite: 'lax' as const, path: '/', secure: isPublicHttps() })

const named = (name: string) => ({ name: prefixed(name), options: attributes() })

/** next-auth's cookies under our names. Lax, because the provider sends people back by a top-level GET. */
export const cookieSettings = () => ({
  sessionToken: named('postern.session'),
  callbackUrl: named('postern.return-to'),
  csrfToken: named('postern.csrf'),
  pkceCodeVerifier: named('postern.pkce'),
  state: named('postern.state'),
  nonce: named('postern.nonce'),
})

/** The Set-Cookie line that removes one of Postern's cookies from the browser. */
export const clearedCookie = (name: string): string =>
  `${name}=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0${isPublicHttps() ? '; Secure' : ''}`

/**
 * Which session a cookie names, and whose it is, or undefined where it is not one that Postern made. Whose comes from
 * here and never from the row alone: that could be moved to somebody else by whoever writes to the database.
 */
export async function sessionFrom(cookie: string | undefined): Promise<NamedSession | undefined> {
  if (!cookie) return undefined
  try {
    const token = await decode({ token: cookie, secret: env().sessionSecret })
    const { sid, per, iat } = token ?? {}
    if (typeof sid !== 'string' || typeof per !== 'string' || typeof iat !== 'number') return undefined
    return { id: sid, personId: per, since: new Date(iat * 1000) }
  } catch {
    return undefined
  }
}

/** One cookie of a request, by name. */
export function cookieOf(headers: Headers, name: string): string | undefined {
  for (const pair of (headers.get('cookie') ?? '').split(';')) {
    const at = pair.indexOf('=')
    if (at > 0 && pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim()
  }
  return undefined
}
