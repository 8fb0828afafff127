import { recordEvent } from '#lib/adapters/db/audit/audit'
import { transaction } from '#lib/adapters/db/client'
import { endSession } from '#lib/adapters/db/people/sessions'
import { log } from '#lib/observability/log'
import { actorOfSession } from './actor-of-session.ts'
import { identitySettings, publicOrigin } from './configuration.ts'
import { clearedCookie, cookieOf, sessionCookieName, sessionFrom } from './cookies.ts'
import { providerMetadata } from './discovery.ts'
import { originOf } from './origin.ts'
import { isSameOrigin } from './same-origin.ts'
import { unseal } from './sealing.ts'

/** The URL at which the provider ends its own session (OpenID Connect RP-Initiated Logout 1.0 §2). */
async function providerSignOutUrl(idToken: string | undefined): Promise<string> {
  const home = `${publicOrigin()}/signed-out`
  try {
    const { endSessionEndpoint } = await providerMetadata()
    if (!endSessionEndpoint) return home
    const url = new URL(endSessionEndpoint)
    if (idToken) url.searchParams.set('id_token_hint', idToken)
    url.searchParams.set('client_id', identitySettings().clientId)
    url.searchParams.set('post_logout_redirect_uri', home)
    return url.href
  } catch (error) {
    // The session in Postern is over either way; the provider's own session stays until it expires.
    log.warn({ err: error }, 'could not sign out at the identity provider')
    return home
  }
}

/** Ends this browser's session in Postern and then at the provider, which redirects to /signed-out. */
export async function signOut(request: Request): Promise<Response> {
  const redirectTo = (location: string) =>
    new Response(null, {
      status: 303,
      headers: { location, 'cache-control': 'no-store', 'set-cookie': clearedCookie(sessionCookieName()) },
    })
  if (!isSameOrigin(request.headers, publicOrigin())) {
    return new Response(null, { status: 303, headers: { location: `${publicOrigin()}/`, 'cache-control': 'no-store' } })
  }
  try {
    const ended = await endHere(request)
    return redirectTo(ended ? await providerSignOutUrl(ended.idToken) : `${publicOrigin()}/signed-out`)
  } catch (error) {
    // NB: the session's row stays valid for up to an hour, but keeping the cookie as well would be worse.
    log.error({ err: error }, 'could not end a session in the database; its cookie is removed anyway')
    return redirectTo(await providerSignOutUrl(undefined))
  }
}

/** Ends this browser's session in the database; null where it had none. */
async function endHere(request: Request): Promise<{ idToken: string | undefined } | null> {
  const cookie = cookieOf(request.headers, sessionCookieName())
  const id = (await sessionFrom(cookie))?.id
  const actor = await actorOfSession(cookie, originOf(request.headers, 'browser'))
  if (!id || !actor) return null
  const ended = await transaction(async (tx) => {
    const session = await endSession(tx, id)
    if (session) {
      await recordEvent(tx, { type: 'session.ended', actor, data: {}, about: { personId: actor.person.id } })
    }
    return session
  })
  return { idToken: await unseal(ended?.sealedIdToken ?? null, 'id-token', id) }
}
