import type { Origin, PersonActor } from '#lib/core/access/actor'
import { AppError } from '#lib/core/access/errors'
import { actorOfSession } from './actor-of-session.ts'
import { actorOfBearer } from './bearer.ts'
import { publicOrigin } from './configuration.ts'
import { cookieOf, sessionCookieName } from './cookies.ts'
import { originOf } from './origin.ts'
import { isSameOrigin } from './same-origin.ts'

/** The origin of an API call. */
export const originOfRequest = (request: Request): Origin =>
  originOf(request.headers, request.headers.has('authorization') ? 'api' : 'browser')

const isRead = (method: string) => method === 'GET' || method === 'HEAD'

/**
 * The actor of an API call, identified by a bearer token or by the browser's session. A refused token never falls back
 * to a cookie, and a cookie is accepted for a write only if one of Postern's own pages sent the call.
 * @throws AppError `unauthenticated`, `cross-origin` or `unavailable`
 */
export async function actorOfRequest(request: Request, origin = originOfRequest(request)): Promise<PersonActor> {
  const authorization = request.headers.get('authorization')
  if (authorization !== null) {
    // RFC 6750 §2.1. The limit is longer than any token that a provider issues.
    const token =
      authorization.length <= 16_384 ? authorization.match(/^Bearer +([A-Za-z0-9._~+/-]+=*)$/i)?.[1] : undefined
    if (!token)
      throw new AppError('unauthenticated', 'The Authorization header is invalid. Send Bearer, a space and the token.')
    return actorOfBearer(token, origin)
  }
  const cookie = cookieOf(request.headers, sessionCookieName())
  const actor = cookie === undefined ? null : await actorOfSession(cookie, origin)
  if (!actor) throw new AppError('unauthenticated', 'You are not signed in. Sign in, or send a bearer token.')
  if (!isRead(request.method) && !isSameOrigin(request.headers, publicOrigin())) {
    throw new AppError(
      'cross-origin',
      'A browser session can make changes only from Postern’s own pages. Send a bearer token instead.',
    )
  }
  return actor
}
