import { randomBytes } from 'node:crypto'
import { recordEvent } from '#lib/adapters/db/audit/audit'
import { transaction } from '#lib/adapters/db/client'
import { deleteBrowser } from '#lib/adapters/db/notices/browsers'
import { endSession } from '#lib/adapters/db/people/sessions'
import { log } from '#lib/observability/log'
import { actorOfSession } from './actor-of-session.ts'
import { identitySettings, publicOrigin } from './configuration.ts'
import {
  browserCookie,
  clearedCookie,
  cookieOf,
  sessionCookieName,
  sessionFrom,
  signOutStateCookie,
  signOutStateName,
} from './cookies.ts'
import { providerMetadata } from './discovery.ts'
import { originOf } from './origin.ts'
import { revokeTokensOf } from './revoke-tokens.ts'
import { isSameOrigin } from './same-origin.ts'
import { unseal } from './sealing.ts'

/**
 * A longer ID token is left out of the URL. Proxies refuse long headers (nginx by default those of a response beyond
 * 4 KB), and an ID token grows with the person's groups.
 */
const maxHintBytes = 2048

type EndedHere = { issuer: string; idToken: string | undefined; subject: string }
type Home = { url: string; state: string | undefined }

/**
 * The URL at which the provider ends its own session (OpenID Connect RP-Initiated Logout 1.0 §2), with the `state` that it
 * sends back to /signed-out. Without such an endpoint, /signed-out itself.
 */
async function signedOutUrl(ended: EndedHere | null): Promise<Home> {
  const home = { url: `${publicOrigin()}/signed-out`, state: undefined }
  try {
    const { issuer, endSessionEndpoint } = await providerMetadata()
    // NB: another provider must see neither the token nor the person, even if the configuration names that one now.
    if (!endSessionEndpoint || (ended && ended.issuer !== issuer)) return home
    const url = new URL(endSessionEndpoint)
    const state = randomBytes(16).toString('base64url')
    const { idToken, subject } = ended ?? {}
    if (idToken && Buffer.byteLength(idToken) <= maxHintBytes) url.searchParams.set('id_token_hint', idToken)
    if (subject) url.searchParams.set('logout_hint', subject)
    url.searchParams.set('client_id', identitySettings().clientId)
    url.searchParams.set('post_logout_redirect_uri', home.url)
    url.searchParams.set('state', state)
    return { url: url.href, state }
  } catch (error) {
    // The session in Postern is over either way; the provider's own session stays until it expires.
    log.warn({ err: error }, 'could not sign out at the identity provider')
    return home
  }
}

/** Ends this browser's session in Postern and then at the provider, which redirects to /signed-out. */
export async function signOut(request: Request): Promise<Response> {
  if (!isSameOrigin(request.headers, publicOrigin())) {
    return new Response(null, { status: 303, headers: { location: `${publicOrigin()}/`, 'cache-control': 'no-store' } })
  }
  const redirectTo = ({ url, state }: Home) => {
    const headers = new Headers({ location: url, 'cache-control': 'no-store' })
    headers.append('set-cookie', clearedCookie(sessionCookieName()))
    headers.append('set-cookie', clearedCookie(browserCookie().name))
    headers.append('set-cookie', state ? signOutStateCookie(state) : clearedCookie(signOutStateName()))
    return new Response(null, { status: 303, headers })
  }
  try {
    const ended = await endHere(request)
    return redirectTo(ended ? await signedOutUrl(ended) : { url: `${publicOrigin()}/signed-out`, state: undefined })
  } catch (error) {
    // NB: the session's row stays valid for up to an hour, but keeping the cookie as well would be worse.
    log.error({ err: error }, 'could not end a session in the database; its cookie is removed anyway')
    return redirectTo(await signedOutUrl(null))
  }
}

/** Ends this browser's session and its notifications, and revokes its refresh token; null where it had none. */
async function endHere(request: Request): Promise<EndedHere | null> {
  const cookie = cookieOf(request.headers, sessionCookieName())
  const id = (await sessionFrom(cookie))?.id
  const actor = await actorOfSession(cookie, originOf(request.headers, 'browser'))
  if (!id || !actor) return null
  const ended = await transaction(async (tx) => {
    const session = await endSession(tx, id)
    if (session) {
      await deleteBrowser(tx, actor.person.id, cookieOf(request.headers, browserCookie().name) ?? '')
      await recordEvent(tx, { type: 'session.ended', actor, data: {}, about: { personId: actor.person.id } })
    }
    return session
  })
  if (ended) await revokeTokensOf([ended])
  const { issuer, subject } = actor.person
  return { issuer, subject, idToken: await unseal(ended?.sealedIdToken ?? null, 'id-token', id) }
}
