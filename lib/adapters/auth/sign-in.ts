import { createHash, randomBytes } from 'node:crypto'
import NextAuth from 'next-auth'
import { AppError } from '#lib/core/access/errors'
import { env, setNextAuthUrl } from '#lib/env'
import { log } from '#lib/observability/log'
import { publicOrigin } from './configuration.ts'
import { clearedCookie, cookieOf, cookieSettings, sessionCookieName, sessionFrom } from './cookies.ts'
import { providerMetadata } from './discovery.ts'
import { authOptions, providerId, reported } from './options.ts'
import { originOf } from './origin.ts'
import { networkOf, takeCall } from './rate-limit.ts'
import { readBody } from './read-body.ts'
import { recordRefusal, unknownActor } from './refusals.ts'
import { pathWithin } from './return-path.ts'
import { isSameOrigin } from './same-origin.ts'
import { declined, ownProblem, type SignInProblem, signInProblem } from './sign-in-problem.ts'
import { startSession } from './start-session.ts'

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

/** A redirect that keeps only the named cookies of next-auth's response and clears others in the browser. */
function redirectTo(location: string, answer?: Response, keep: string[] = [], clear: string[] = []): Response {
  const headers = new Headers({ location, 'cache-control': 'no-store' })
  for (const line of answer?.headers.getSetCookie() ?? []) {
    if (keep.some((name) => line.startsWith(`${name}=`))) headers.append('set-cookie', line)
  }
  for (const name of clear) headers.append('set-cookie', clearedCookie(name))
  return new Response(null, { status: 303, headers })
}

/** The cookies of an unfinished sign-in. */
const signInCookies = () => {
  const { pkceCodeVerifier, state, nonce, callbackUrl } = cookieSettings()
  return [pkceCodeVerifier, state, nonce, callbackUrl].map(({ name }) => name)
}

async function refuse(request: Request, problem: SignInProblem): Promise<Response> {
  const { code, sentence } = problem
  await recordRefusal('session.refused', unknownActor(originOf(request.headers, 'browser')), { code, sentence })
  return redirectTo(`${publicOrigin()}/sign-in?error=${problem.page}`, undefined, [], signInCookies())
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
    if (answer.status === 302 && location && !scope.error) return redirectTo(location, answer, signInCookies())
    return await refuse(request, signInProblem(scope.error))
  } catch (error) {
    log.warn({ err: error }, 'could not start a sign-in')
    return refuse(request, signInProblem(error))
  }
}

/** The provider's callback: exchanges the code, verifies the token and creates the session. */
export async function finishSignIn(request: Request): Promise<Response> {
  const origin = publicOrigin()
  const tooMany = rateLimited(request)
  if (tooMany) return tooMany
  setNextAuthUrl(origin)
  const query = Object.fromEntries(new URL(request.url).searchParams)
  // RFC 6749 §4.1.2.1. Anyone can put this into a URL, so only the code is used.
  if (query.error !== undefined) return refuse(request, declined(query.error))
  const scope: { error?: unknown } = {}
  let own: unknown
  try {
    const metadata = await providerMetadata()
    const cookies: Record<string, string> = {}
    for (const { name } of Object.values(cookieSettings())) {
      const value = cookieOf(request.headers, name)
      if (value !== undefined) cookies[name] = decoded(value)
    }
    // Postern never sets a path outside its own origin, and next-auth would fail with its own error page.
    const returnTo = cookieSettings().callbackUrl.name
    cookies[returnTo] = `${origin}${pathWithin(cookies[returnTo] ?? '/', origin)}`
    const previous = await sessionFrom(cookies[sessionCookieName()])
    delete cookies[sessionCookieName()]
    const options = authOptions(metadata, async (signedIn) => {
      try {
        return await startSession(signedIn, originOf(request.headers, 'browser'), previous?.id)
      } catch (error) {
        own = error
        throw error
      }
    })
    const call: Call = { action: 'callback', query, body: {}, cookies }
    const answer = await reported.run(scope, () => nextAuth(call, options))
    const location = answer.headers.get('location')
    const hasSession = answer.headers.getSetCookie().some((line) => line.startsWith(`${sessionCookieName()}=`))
    if (answer.status === 302 && location && hasSession && !scope.error)
      return redirectTo(location, answer, [sessionCookieName()], signInCookies())
    if (own) {
      log.error({ err: own }, 'could not create a session')
      return await refuse(request, ownProblem)
    }
    log.info({ err: scope.error }, 'refused a sign-in')
    return await refuse(request, signInProblem(scope.error))
  } catch (error) {
    log.warn({ err: error }, 'could not finish a sign-in')
    return refuse(request, signInProblem(error))
  }
}

const decoded = (value: string): string => {
  try {
    return decodeURIComponent(value)
  } catch {
    return ''
  }
}

/** The CSRF token and cookie that next-auth requires. Postern has already checked the form's origin. */
function csrfPair() {
  const csrfToken = randomBytes(32).toString('hex')
  const proof = createHash('sha256').update(`${csrfToken}${env().sessionSecret}`).digest('hex')
  return { csrfToken, csrfCookie: `${csrfToken}|${proof}` }
}
