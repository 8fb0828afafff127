import { decode } from 'next-auth/jwt'
import type { NamedSession } from '#lib/adapters/db/people/sessions'
import { env } from '#lib/env'
import { isPublicHttps } from './configuration.ts'

// Every cookie that Postern sets has a name of its own, is for this host only and is hidden from scripts.

/** `__Host-` (RFC 6265bis §4.1.3.2): https only, for exactly this host and path, so that no other host can set it. */
const prefixed = (name: string): string => (isPublicHttps() ? `__Host-${name}` : name)

export const sessionCookieName = (): string => prefixed('postern.session')

const attributes = () => ({ httpOnly: true, sameSite: 'lax' as const, path: '/', secure: isPublicHttps() })

const named = (name: string) => ({ name: prefixed(name), options: attributes() })

/** next-auth's cookies under our names. `Lax`, because the provider sends the browser back with a top-level GET. */
export const cookieSettings = () => ({
  sessionToken: named('postern.session'),
  callbackUrl: named('postern.return-to'),
  csrfToken: named('postern.csrf'),
  pkceCodeVerifier: named('postern.pkce'),
  state: named('postern.state'),
  nonce: named('postern.nonce'),
})

/** Names the browser in which a person is notified, so that signing out can end it. */
export const browserCookie = () => named('postern.browser')

/** The Set-Cookie line that removes one of Postern's cookies from the browser. */
export const clearedCookie = (name: string): string =>
  `${name}=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0${isPublicHttps() ? '; Secure' : ''}`

export const signOutStateName = (): string => prefixed('postern.signing-out')

/** Remembers which sign-out this browser began at the provider, for ten minutes. */
export const signOutStateCookie = (state: string): string =>
  `${signOutStateName()}=${state}; Path=/; HttpOnly; SameSite=Lax; Max-Age=600${isPublicHttps() ? '; Secure' : ''}`

/**
 * The session that a cookie names and its person; undefined where Postern did not issue the cookie. The person comes
 * from the cookie and never from the row alone: someone with write access to the database could reassign the row.
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

/** The value of one cookie of a request. */
export function cookieOf(headers: Headers, name: string): string | undefined {
  for (const pair of (headers.get('cookie') ?? '').split(';')) {
    const at = pair.indexOf('=')
    if (at > 0 && pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim()
  }
  return undefined
}
