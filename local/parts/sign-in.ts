import { createHash, randomBytes } from 'node:crypto'
import { apiResource } from './identity-clients.ts'

export type TokenSource = { issuer: string; clientId: string; clientSecret: string; redirectUri: string }

const timeout = () => AbortSignal.timeout(10_000)

/** A minimal browser: it keeps the cookies of one host and follows no redirects. */
function simpleBrowser(ownHeaders: Record<string, string> = {}) {
  const cookies = new Map<string, string>()
  const cookie = () => [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  const browse = async (url: string, init: RequestInit = {}): Promise<Response> => {
    const headers = new Headers({ ...ownHeaders, ...(cookies.size ? { cookie: cookie() } : {}) })
    const response = await fetch(url, { ...init, headers, redirect: 'manual', signal: timeout() })
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (value === '') cookies.delete(name)
      else cookies.set(name, value)
    }
    return response
  }
  return { browse, cookie }
}

/**
 * Signs in at the local provider as `person`, from `authorizationUrl` to the redirect back to `redirectUri`, and returns
 * that address with its `code` and `state`.
 * @throws Error with the provider's own message when it refuses
 */
export async function signInAs(authorizationUrl: string, redirectUri: string, person: string): Promise<string> {
  const { browse } = simpleBrowser()
  let url = authorizationUrl
  for (let step = 0; step < 10; step++) {
    if (url.startsWith(redirectUri)) return url
    const isForm = new URL(url).pathname.startsWith('/sign-in/')
    const response = await browse(url, isForm ? { method: 'POST', body: new URLSearchParams({ person }) } : {})
    const location = response.headers.get('location')
    if (!location) {
      const message = (await response.text()).match(/<p>([^<]*)<\/p>/)?.[1]
      const { origin, pathname } = new URL(url)
      const reason = message ?? `status ${response.status} at ${origin}${pathname}`
      throw new Error(`the identity provider did not sign ${person} in: ${reason}`)
    }
    url = new URL(location, url).href
  }
  throw new Error('the identity provider redirected more than ten times')
}

const fieldsOf = (form: string): Record<string, string> =>
  Object.fromEntries(
    [...form.matchAll(/name="([^"]+)"\s+value="([^"]*)"/g)].map(([, name = '', value = '']) => [name, value]),
  )

/**
 * Enters the code that a terminal shows at the local provider, and signs in there as `person`.
 * @throws Error with the page that is not the last one
 */
export async function enterDeviceCode(url: string, code: string, person: string): Promise<void> {
  const { browse } = simpleBrowser()
  let address = url
  let form: Record<string, string> | undefined
  for (let step = 0; step < 12; step++) {
    const response = await browse(address, form ? { method: 'POST', body: new URLSearchParams(form) } : {})
    const location = response.headers.get('location')
    const page = location ? '' : await response.text()
    if (page.includes('<h1>Signed in</h1>')) return
    if (location) address = new URL(location, address).href
    else if (page.includes('op.deviceInputForm')) form = { ...fieldsOf(page), user_code: code }
    else if (page.includes('op.deviceConfirmForm')) form = { ...fieldsOf(page), user_code: code, confirm: 'yes' }
    else throw new Error(`the identity provider did not take the code: ${page.slice(0, 300)}`)
    if (location) form = new URL(address).pathname.startsWith('/sign-in/') ? { person } : undefined
  }
  throw new Error('the identity provider did not take the code')
}

/** Signs in to Postern at `url` over the network, as a browser does; returns the value of its Cookie header. */
export async function sessionCookie(url: string, person: string): Promise<string> {
  const { browse, cookie } = simpleBrowser({ origin: new URL(url).origin })
  const form = new URLSearchParams({ callbackUrl: '/' })
  const start = await browse(`${url}/api/auth/signin/oidc`, { method: 'POST', body: form })
  const toProvider = start.headers.get('location') ?? ''
  if (!toProvider || toProvider.startsWith(url))
    throw new Error(`Postern did not redirect to the identity provider but to ${toProvider || 'no address'}`)
  await browse(await signInAs(toProvider, `${url}/api/auth/callback/oidc`, person))
  return cookie()
}

/**
 * An access token for Postern's API, from the provider's real authorization-code flow with PKCE (RFC 7636).
 * @param resource the RFC 8707 resource indicator, which decides the token's audience; the provider refuses unknown ones
 */
export async function bearerToken(source: TokenSource, person: string, resource = apiResource): Promise<string> {
  const discovered = await fetch(`${source.issuer}/.well-known/openid-configuration`, { signal: timeout() })
  const { authorization_endpoint, token_endpoint } = (await discovered.json()) as Record<string, string>
  const verifier = randomBytes(32).toString('base64url')
  const query = new URLSearchParams({
    client_id: source.clientId,
    response_type: 'code',
    redirect_uri: source.redirectUri,
    scope: 'openid profile email groups',
    resource,
    state: randomBytes(16).toString('base64url'),
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  })
  const back = new URL(await signInAs(`${authorization_endpoint}?${query}`, source.redirectUri, person))
  const code = back.searchParams.get('code')
  if (!code) throw new Error(`the identity provider refused: ${back.searchParams.get('error_description')}`)
  const response = await fetch(token_endpoint ?? '', {
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
  const tokens = (await response.json()) as { access_token?: string; error_description?: string }
  if (!tokens.access_token) throw new Error(`the identity provider issued no token: ${tokens.error_description}`)
  return tokens.access_token
}
