import { createHash, randomBytes } from 'node:crypto'
import { apiResource } from './identity-provider.ts'

export type TokenSource = { issuer: string; clientId: string; clientSecret: string; redirectUri: string }

const timeout = () => AbortSignal.timeout(10_000)

/** The cookies of one browser, in the simplest form that one provider on one host needs. */
function cookieJar() {
  const cookies = new Map<string, string>()
  return async (url: string, init: RequestInit = {}): Promise<Response> => {
    const headers = new Headers(init.headers)
    if (cookies.size) headers.set('cookie', [...cookies].map(([name, value]) => `${name}=${value}`).join('; '))
    const response = await fetch(url, { ...init, headers, redirect: 'manual', signal: timeout() })
    for (const line of response.headers.getSetCookie()) {
      const [pair = ''] = line.split(';')
      const at = pair.indexOf('=')
      cookies.set(pair.slice(0, at), pair.slice(at + 1))
    }
    return response
  }
}

/**
 * Walks the local provider's sign-in as `person` would in a browser, from `authorizationUrl` to the redirect back to
 * `redirectUri`, and returns that address with its `code` and `state`. Where the provider refuses, throws its words.
 */
export async function signInAs(authorizationUrl: string, redirectUri: string, person: string): Promise<string> {
  const browse = cookieJar()
  let url = authorizationUrl
  for (let step = 0; step < 10; step++) {
    if (url.startsWith(redirectUri)) return url
    const asked = new URL(url).pathname.startsWith('/sign-in/')
    const answer = await browse(url, asked ? { method: 'POST', body: new URLSearchParams({ person }) } : {})
    const location = answer.headers.get('location')
    if (!location) {
      const words = (await answer.text()).match(/<p>([^<]*)<\/p>/)?.[1]
      const { origin, pathname } = new URL(url)
      const said = words ?? `status ${answer.status} at ${origin}${pathname}`
      throw new Error(`the identity provider did not sign ${person} in: ${said}`)
    }
    url = new URL(location, url).href
  }
  throw new Error('the identity provider redirected more than ten times')
}

/**
 * An access token for Postern's API, by the provider's real authorization-code flow with PKCE (RFC 7636).
 * @param resource the RFC 8707 resource indicator; another one gives a token with another audience, or a refusal
 */
export async function bearerToken(source: TokenSource, person: string, resource = apiResource): Promise<string> {
  const discovered = await fetch(`${source.issuer}/.well-known/openid-configuration`, { signal: timeout() })
  const { authorization_endpoint, token_endpoint } = (await discovered.json()) as Record<string, string>
  const verifier = randomBytes(32).toString('base64url')
  const question = new URLSearchParams({
    client_id: source.clientId,
    response_type: 'code',
    redirect_uri: source.redirectUri,
    scope: 'openid profile email groups',
    resource,
    state: randomBytes(16).toString('base64url'),
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  })
  const back = new URL(await signInAs(`${authorization_endpoint}?${question}`, source.redirectUri, person))
  const code = back.searchParams.get('code')
  if (!code) throw new Error(`the identity provider refused: ${back.searchParams.get('error_description')}`)
  const answer = await fetch(token_endpoint ?? '', {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${source.clientId}:${source.clientSecret}`).toString('base64')}` },
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      code,
      redirect_uri: source.redirectUri,
      code_verifier: verifier,
      resource,
    }),
    signal: timeout(),
  })
  const tokens = (await answer.json()) as { access_token?: string; error_description?: string }
  if (!tokens.access_token) throw new Error(`the identity provider gave no token: ${tokens.error_description}`)
  return tokens.access_token
}
