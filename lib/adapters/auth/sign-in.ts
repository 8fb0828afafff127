import { createHash, randomBytes } from 'node:crypto'
import NextAuth from 'next-auth'
import type { Origin } from '#lib/core/access/actor'
import { AppError } from '#lib/core/access/errors'
import { env, setNextAuthUrl } from '#lib/env'
import { log } from '#lib/observability/log'
import { checkProviderSoon } from './check-provider.ts'
import { publicOrigin } from './configuration.ts'
import { browserCookie, cookieOf, cookieSettings, sessionCookieName, sessionFrom } from './cookies.ts'
import { providerMetadata } from './discovery.ts'
import { authOptions, providerId, reported } from './options.ts'
import { originOf } from './origin.ts'
import { networkOf, takeCall } from './rate-limit.ts'
import { readBody } from './read-body.ts'
import { recordRefusal, unknownActor } from './refusals.ts'
import { pathWithin } from './return-path.ts'
import { isSameOrigin } from './same-origin.ts'
import {
  declined,
  notStartedHere,
  otherSignIn,
  ownProblem,
  type SignInProblem,
  signInProblem,
} from './sign-in-problem.ts'
import { startSession } from './start-session.ts'
import { cookiesOf, finishedCookies, hasUnfinished, startedCookies } from './unfinished-sign-ins.ts'

// Sign-in. next-auth handles OpenID Connect; this file decides which calls reach it and which errors people see. Of its
// many endpoints Postern has two: the form that starts a sign-in, and the provider's callback.

type Call = {
  action: 'signin' | 'callback'
  query: Record<string, string>
  body: Record<string, string>
  cookies: Record<string, string>
}

/** Runs next-auth for one call, with the request and response objects that its pages-router API expects. */
async function nextAuth(call: Call, options: ReturnType<typeof authOptions>): Promise<Response> {
  const headers = new Headers()
  let status = 200
  const response = {
    status(code: number) {
      status = code
      return response
    },
    getHeader: (name: string) => (name.toLowerCase() === 'set-cookie' ? headers.getSetCookie() : headers.get(name)),
    setHeader(name: string, value: string | string[]) {
      headers.delete(name)
      for (const item of [value].flat()) headers.append(name, item)
      return response
    },
    end() {},
    json() {},
    send() {},
  }
  const request = {
    method: call.action === 'signin' ? 'POST' : 'GET',
    query: { nextauth: [call.action, providerId], ...call.query },
    body: call.body,
    cookies: call.cookies,
    headers: {},
  }
  // biome-ignore lint/suspicious/noExplicitAny: next-auth declares Next's own types but uses only the members above.
  await NextAuth(request as any, response as any, options)
  return new Response(null, { status, headers })
}

/** A redirect that sets these cookies. */
function redirectTo(location: string, cookieLines: string[] = []): Response {
  const headers = new Headers({ location, 'cache-control': 'no-store' })
  for (const line of cookieLines) headers.append('set-cookie', line)
  return new Response(null, { status: 303, headers })
}

/**
 * Records the refusal and redirects to the sign-in page, which shows the reference of the record.
 * @param state of the refused sign-in, whose cookies are cleared; those of other tabs stay
 */
async function refuse(origin: Origin, problem: SignInProblem, state?: string): Promise<Response> {
  const { page, code, sentence, providerError } = problem
  await recordRefusal('session.refused', unknownActor(origin), {
    code,
    sentence,
    ...(providerError && { providerError }),
  })
  if (page === 'misconfigured') checkProviderSoon()
  const query = new URLSearchParams({ error: page, reference: origin.reference })
  return redirectTo(`${publicOrigin()}/sign-in?${query}`, finishedCookies(state))
}

/** The form has one field, a path within Postern. */
const maxFormBytes = 8 * 1024

/** A plain text response, where there is no page to redirect to. */
function textResponse(status: number, text: string, headers: Record<string, string> = {}): Response {
  return new Response(`${text}\n`, {
    status,
    headers: { ...headers, 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' },
  })
}

/**
 * Applies the rate limit of the caller's network before Postern calls the provider. Otherwise anyone could make Postern
 * call the provider so often that the provider blocks it.
 */
function rateLimited(request: Request): Response | undefined {
  try {
    takeCall('sign-in', networkOf(originOf(request.headers, 'browser').clientAddress))
    return undefined
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    const seconds = String(error.retryAfterSeconds ?? 1)
    const headers = { 'retry-after': seconds }
    return textResponse(429, `Too many sign-ins from your network. Try again in ${seconds} s.`, headers)
  }
}

/**
 * Starts a sign-in by redirecting the browser to the provider. The form's field `callbackUrl` is the path to return to.
 * The form needs no CSRF token, because only Postern's own pages may send it.
 */
export async function beginSignIn(request: Request): Promise<Response> {
  const origin = publicOrigin()
  if (!isSameOrigin(request.headers, origin)) return redirectTo(`${origin}/sign-in?error=unfinished`)
  const tooMany = rateLimited(request)
  if (tooMany) return tooMany
  setNextAuthUrl(origin)
  const body = await readBody(request, maxFormBytes).catch(() => null)
  if (!body) return textResponse(413, 'The form is too large. Reload the sign-in page and try again.')
  const form = new URLSearchParams(body.toString('utf8'))
  const caller = originOf(request.headers, 'browser')
  const scope: { error?: unknown } = {}
  try {
    const metadata = await providerMetadata()
    const { csrfToken, csrfCookie } = csrfPair()
    const call: Call = {
      action: 'signin',
      // NB: next-auth would copy the caller's query into the authorization request.
      query: {},
      body: { csrfToken, callbackUrl: `${origin}${pathWithin(form.get('callbackUrl') ?? '/', origin)}` },
      cookies: { [cookieSettings().csrfToken.name]: csrfCookie },
    }
    const options = authOptions(metadata, () => Promise.reject(new Error('this call only starts a sign-in')))
    const answer = await reported.run(scope, () => nextAuth(call, options))
    const location = answer.headers.get('location')
    const state = location && URL.parse(location)?.searchParams.get('state')
    if (answer.status === 302 && state && !scope.error)
      return redirectTo(location, startedCookies(answer, state, request.headers))
    return await refuse(caller, signInProblem(scope.error))
  } catch (error) {
    log.warn({ err: error, reference: caller.reference }, 'could not start a sign-in')
    return refuse(caller, signInProblem(error))
  }
}

/** The provider's callback: exchanges the code, verifies the token and creates the session. */
export async function finishSignIn(request: Request): Promise<Response> {
  const origin = publicOrigin()
  const tooMany = rateLimited(request)
  if (tooMany) return tooMany
  setNextAuthUrl(origin)
  const query = Object.fromEntries(new URL(request.url).searchParams)
  const { state } = query
  const caller = originOf(request.headers, 'browser')
  const cookies = cookiesOf(request.headers, state)
  // RFC 6749 §4.1.2.1. Anyone can put this into a URL, so it only counts for a sign-in that this browser started.
  if (query.error !== undefined) return refuse(caller, declined(cookies ? query.error : ''), state)
  if (!cookies) return refuse(caller, hasUnfinished(request.headers) ? otherSignIn : notStartedHere)
  const scope: { error?: unknown } = {}
  let own: unknown
  try {
    const metadata = await providerMetadata()
    // Postern never sets a path outside its own origin, and next-auth would fail with its own error page.
    const returnTo = cookieSettings().callbackUrl.name
    cookies[returnTo] = `${origin}${pathWithin(cookies[returnTo] ?? '/', origin)}`
    const browser = cookieOf(request.headers, browserCookie().name)
    const previous = await sessionFrom(cookieOf(request.headers, sessionCookieName()))
    const options = authOptions(metadata, async (signedIn) => {
      try {
        return await startSession(signedIn, caller, { session: previous?.id, browser })
      } catch (error) {
        own = error
        throw error
      }
    })
    const call: Call = { action: 'callback', query, body: {}, cookies }
    const answer = await reported.run(scope, () => nextAuth(call, options))
    const location = answer.headers.get('location')
    const session = answer.headers.getSetCookie().filter((line) => line.startsWith(`${sessionCookieName()}=`))
    if (answer.status === 302 && location && session.length > 0 && !scope.error)
      return redirectTo(location, [...session, ...finishedCookies(state)])
    if (own) {
      log.error({ err: own, reference: caller.reference }, 'could not create a session')
      return await refuse(caller, ownProblem, state)
    }
    log.info({ err: scope.error, reference: caller.reference }, 'refused a sign-in')
    return await refuse(caller, signInProblem(scope.error), state)
  } catch (error) {
    log.warn({ err: error, reference: caller.reference }, 'could not finish a sign-in')
    return refuse(caller, signInProblem(error), state)
  }
}

/** The CSRF token and cookie that next-auth requires. Postern has already checked the form's origin. */
function csrfPair() {
  const csrfToken = randomBytes(32).toString('hex')
  const proof = createHash('sha256').update(`${csrfToken}${env().sessionSecret}`).digest('hex')
  return { csrfToken, csrfCookie: `${csrfToken}|${proof}` }
}
