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

// next-auth does the OpenID part; which calls reach it, and what people are told, is decided here. Of its many addresses
// two exist: the form that begins a sign-in, and the provider's way back.

type Call = {
  action: 'signin' | 'callback'
  query: Record<string, string>
  body: Record<string, string>
  cookies: Record<string, string>
}

/** Runs next-auth for one call, with the request and response that its page-router form expects. */
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
  // biome-ignore lint/suspicious/noExplicitAny: next-auth asks for Next's own types and uses only what stands above.
  await NextAuth(request as any, response as any, options)
  return new Response(null, { status, headers })
}

/** Sends the browser on, with those of next-auth's cookies that are named, and without the others. */
function go(location: string, answer?: Response, keep: string[] = [], clear: string[] = []): Response {
  const headers = new Headers({ location, 'cache-control': 'no-store' })
  for (const line of answer?.headers.getSetCookie() ?? []) {
    if (keep.some((name) => line.startsWith(`${name}=`))) headers.append('set-cookie', line)
  }
  for (const name of clear) headers.append('set-cookie', clearedCookie(name))
  return new Response(null, { status: 303, headers })
}

/** What a sign-in under way leaves in the browser, until it is finished or refused. */
const passing = () => {
  const { pkceCodeVerifier, state, nonce, callbackUrl } = cookieSettings()
  return [pkceCodeVerifier, state, nonce, callbackUrl].map(({ name }) => name)
}

async function refuse(request: Request, problem: SignInProblem): Promise<Response> {
  const { code, sentence } = problem
  await recordRefusal('session.refused', unknownActor(originOf(request.headers, 'browser')), { code, sentence })
  return go(`${publicOrigin()}/sign-in?error=${problem.page}`, undefined, [], passing())
}

/** Bytes. The form has one field, a path of Postern's own. */
const longestForm = 8 * 1024

/** What is said where there is no page to go back to. */
function plain(status: number, text: string, headers: Record<string, string> = {}): Response {
  return new Response(`${text}\n`, {
    status,
    headers: { ...headers, 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' },
  })
}

/**
 * Takes one from the bucket of the network that this comes from, before the provider is asked anything: otherwise
 * anybody could make Postern ask it until it listens to Postern no more.
 */
function slowDown(request: Request): Response | undefined {
  try {
    takeCall('sign-in', networkOf(originOf(request.headers, 'browser').clientAddress))
    return undefined
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    const seconds = String(error.retryAfterSeconds ?? 1)
    return plain(429, `Too many sign-ins from your network. Try again in ${seconds} s.`, { 'retry-after': seconds })
  }
}

/**
 * Begins a sign-in: sends the browser to the provider. The form's field `callbackUrl` says where to come back to; it
 * needs no token of its own, because only Postern's own pages may send it.
 */
export async function beginSignIn(request: Request): Promise<Response> {
  const origin = publicOrigin()
  if (!isSameOrigin(request.headers, origin)) return go(`${origin}/sign-in?error=unfinished`)
  const tooMany = slowDown(request)
  if (tooMany) return tooMany
  setNextAuthUrl(origin)
  const sent = await readBody(request, longestForm).catch(() => null)
  if (!sent) return plain(413, 'The form is too large.')
  const form = new URLSearchParams(sent.toString('utf8'))
  const scope: { error?: unknown } = {}
  try {
    const metadata = await providerMetadata()
    const { csrfToken, csrfCookie } = crossSiteProof()
    const call: Call = {
      action: 'signin',
      // NB: next-auth would copy the caller's query into the question to the provider.
      query: {},
      body: { csrfToken, callbackUrl: `${origin}${pathWithin(form.get('callbackUrl') ?? '/', origin)}` },
      cookies: { [cookieSettings().csrfToken.name]: csrfCookie },
    }
    const options = authOptions(metadata, () => Promise.reject(new Error('nobody has signed in yet')))
    const answer = await reported.run(scope, () => nextAuth(call, options))
    const location = answer.headers.get('location')
    if (answer.status === 302 && location && !scope.error) return go(location, answer, passing())
    return await refuse(request, signInProblem(scope.error))
  } catch (error) {
    log.warn({ err: error }, 'a sign-in could not begin')
    return refuse(request, signInProblem(error))
  }
}

/** The provider's way back: exchanges the code, verifies the token, begins the session. */
export async function finishSignIn(request: Request): Promise<Response> {
  const origin = publicOrigin()
  const tooMany = slowDown(request)
  if (tooMany) return tooMany
  setNextAuthUrl(origin)
  const query = Object.fromEntries(new URL(request.url).searchParams)
  // RFC 6749 §4.1.2.1. Anybody can write this into an address, so nothing more is read from it.
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
    // A cookie that leads elsewhere was not set by Postern; next-auth would answer it with an error of its own.
    const returnTo = cookieSettings().callbackUrl.name
    cookies[returnTo] = `${origin}${pathWithin(cookies[returnTo] ?? '/', origin)}`
    const former = await sessionFrom(cookies[sessionCookieName()])
    delete cookies[sessionCookieName()]
    const options = authOptions(metadata, async (signedIn) => {
      try {
        return await startSession(signedIn, originOf(request.headers, 'browser'), former?.id)
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
      return go(location, answer, [sessionCookieName()], passing())
    if (own) {
      log.error({ err: own }, 'a session could not begin')
      return await refuse(request, ownProblem)
    }
    log.info({ err: scope.error }, 'a sign-in was refused')
    return await refuse(request, signInProblem(scope.error))
  } catch (error) {
    log.warn({ err: error }, 'a sign-in could not be finished')
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

/** The pair by which next-auth tells its own forms; the form itself was judged by where it came from. */
function crossSiteProof() {
  const csrfToken = randomBytes(32).toString('hex')
  const proof = createHash('sha256').update(`${csrfToken}${env().sessionSecret}`).digest('hex')
  return { csrfToken, csrfCookie: `${csrfToken}|${proof}` }
}
