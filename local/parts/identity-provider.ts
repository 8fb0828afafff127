import { createPrivateKey, generateKeyPairSync, type JsonWebKey, randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { SignJWT } from 'jose'
import { type Configuration, errors, type JWK, Provider } from 'oidc-provider'
import { apiResource, apiAudience as audience, cliClient } from './identity-clients.ts'
import {
  deviceCodePage,
  deviceConfirmationPage,
  problemPage,
  signedInPage,
  signInPage,
  signOutPage,
} from './identity-page.ts'
import { type LocalPerson, localPeople } from './identity-people.ts'
import { identityStore } from './identity-store.ts'

/** Exact addresses, or a function that decides about each. */
export type AllowedUris = string[] | ((uri: string) => boolean)

type SignedToken = {
  audience?: string
  issuedAt?: number
  lifetime?: number
  /** Replace the claims about the person; undefined removes one. */
  claims?: Record<string, unknown>
}

export type IdentityProvider = {
  issuer: string
  clientId: string
  clientSecret: string
  /** The `aud` of access tokens for the API. */
  audience: string
  /** Sets the groups that the next token or refresh contains. */
  setGroups(person: string, groups: string[]): void
  addPerson(key: string, person: LocalPerson): void
  removePerson(key: string): void
  /** Signs with a new key from now on; the old ones stay published. */
  rotateKeys(): void
  /** An access token with the provider's signature but another time, audience or claims. Times are in seconds. */
  sign(person: string, token: SignedToken): Promise<string>
  /** Every token issued so far, so that a test can search for them where they must not be. */
  issued(): string[]
  stop(): Promise<void>
}

export type IdentityProviderOptions = {
  port?: number
  /** Serve HTTPS, with a certificate and key in PEM. */
  tls?: { cert: string; key: string }
  /** The address under which others know the provider. Default: that of the server. */
  issuer?: string
  redirectUris: AllowedUris
  postLogoutRedirectUris: AllowedUris
  clientId?: string
  clientSecret?: string
}

/** Accepts any port of localhost or 127.0.0.1, for applications whose port is not known in advance. */
export const anyLocalPort =
  (path: string): ((uri: string) => boolean) =>
  (uri) => {
    const url = URL.parse(uri)
    return url?.protocol === 'http:' && ['localhost', '127.0.0.1'].includes(url.hostname) && url.pathname === path
  }

/** Agents name the address of Postern’s tools (RFC 8707). */
const isAgentResource = anyLocalPort('/api/mcp')

const allows = (allowed: AllowedUris, uri: string) =>
  typeof allowed === 'function' ? allowed(uri) : allowed.includes(uri)

function createKey(): JWK {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  return {
    ...privateKey.export({ format: 'jwk' }),
    use: 'sig',
    alg: 'RS256',
    kid: randomBytes(6).toString('hex'),
  } as JWK
}

const claimsOf = (subject: string, person: LocalPerson) => ({
  sub: subject,
  preferred_username: subject,
  email_verified: true,
  ...person,
})

const scopes = 'openid profile email groups offline_access'

function configuration(
  people: ReadonlyMap<string, LocalPerson>,
  keys: JWK[],
  cookieKey: string,
  client: { id: string; secret: string; uris: IdentityProviderOptions },
  adapter: Configuration['adapter'],
): Configuration {
  // oidc-provider needs an address at registration; createProvider decides which ones are accepted.
  const registered = (uris: AllowedUris) => (typeof uris === 'function' ? ['http://localhost/'] : uris)
  return {
    adapter,
    clients: [
      {
        client_id: client.id,
        client_secret: client.secret,
        redirect_uris: registered(client.uris.redirectUris),
        post_logout_redirect_uris: registered(client.uris.postLogoutRedirectUris),
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
      },
      {
        client_id: cliClient.clientId,
        application_type: 'native',
        token_endpoint_auth_method: 'none',
        redirect_uris: ['http://127.0.0.1/callback'],
        grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
        response_types: ['code'],
      },
    ],
    jwks: { keys },
    cookies: { keys: [cookieKey] },
    scopes: scopes.split(' '),
    // As OpenID Connect Core §5.4 describes, the ID token has only the subject and UserInfo has the other claims.
    claims: {
      openid: ['sub'],
      profile: ['name', 'preferred_username'],
      email: ['email', 'email_verified'],
      groups: ['groups'],
    },
    pkce: { required: () => true },
    interactions: { url: (_context, interaction) => `/sign-in/${interaction.uid}` },
    features: {
      devInteractions: { enabled: false },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: (context, form) => {
          context.body = signOutPage(form)
        },
      },
      revocation: { enabled: true, allowedPolicy: (_context, client, token) => token.clientId === client.clientId },
      deviceFlow: {
        enabled: true,
        userCodeInputSource(context, form) {
          context.body = deviceCodePage(form)
        },
        userCodeConfirmSource(context, form, _client, _device, userCode) {
          context.body = deviceConfirmationPage(form, userCode)
        },
        successSource(context) {
          context.body = signedInPage()
        },
      },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_context, resource) => {
          if (resource !== apiResource && !isAgentResource(resource)) throw new errors.InvalidTarget()
          return {
            scope: '',
            audience,
            accessTokenFormat: 'jwt',
            accessTokenTTL: 3600,
            jwt: { sign: { alg: 'RS256' } },
          }
        },
      },
    },
    findAccount: (_context, subject) => {
      const person = people.get(subject)
      if (!person) return undefined
      return { accountId: subject, claims: () => claimsOf(subject, person) }
    },
    extraTokenClaims: (_context, token) => {
      if (!('accountId' in token)) return undefined
      const person = people.get(token.accountId)
      return person && claimsOf(token.accountId, person)
    },
    // offline_access needs no consent page: the only application is the company's own.
    issueRefreshToken: () => true,
    expiresWithSession: () => false,
    async loadExistingGrant(context) {
      const { client, session, provider } = context.oidc
      const grant = new provider.Grant({ clientId: client?.clientId, accountId: session?.accountId })
      grant.addOIDCScope(scopes)
      await grant.save()
      return grant
    },
    renderError(context, out) {
      context.type = 'html'
      context.body = problemPage(out.error_description ?? out.error)
    },
    ttl: {
      AccessToken: 3600,
      IdToken: 3600,
      Session: 8 * 3600,
      Grant: 8 * 3600,
      RefreshToken: 8 * 3600,
      Interaction: 600,
      DeviceCode: 600,
    },
  }
}

function createProvider(issuer: string, settings: Configuration, uris: IdentityProviderOptions): Provider {
  const provider = new Provider(issuer, settings)
  const isOfCli = anyLocalPort('/callback')
  provider.Client.prototype.redirectUriAllowed = function (this: { clientId: string }, uri: string) {
    return this.clientId === cliClient.clientId ? isOfCli(uri) : allows(uris.redirectUris, uri)
  }
  provider.Client.prototype.postLogoutRedirectUriAllowed = (uri) => allows(uris.postLogoutRedirectUris, uri)
  provider.on('server_error', (_context, error) => process.stderr.write(`identity provider: ${error.stack}\n`))
  return provider
}

async function serveSignIn(
  provider: Provider,
  people: ReadonlyMap<string, LocalPerson>,
  req: IncomingMessage,
  res: ServerResponse,
) {
  await provider.interactionDetails(req, res)
  if (req.method !== 'POST') {
    res.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(signInPage(people))
    return
  }
  let body = ''
  for await (const chunk of req) body += chunk
  const accountId = new URLSearchParams(body).get('person') ?? ''
  if (!people.has(accountId)) throw new Error('No person has this name.')
  // The provider asks for consent whenever a program on a person's own machine signs in.
  const result = { login: { accountId, amr: ['none'] }, consent: {} }
  await provider.interactionFinished(req, res, result, { mergeWithLastSubmission: false })
}

/**
 * A real OpenID provider on 127.0.0.1 for the demo and the tests: discovery, authorization code with PKCE, refresh
 * tokens, UserInfo with the current `groups`, JWT access tokens for the API by resource indicator, RP-initiated logout.
 * It keeps everything in memory and needs no password.
 */
export async function startIdentityProvider(options: IdentityProviderOptions): Promise<IdentityProvider> {
  const people = new Map(localPeople)
  const client = {
    id: options.clientId ?? 'postern',
    secret: options.clientSecret ?? randomBytes(24).toString('base64url'),
    uris: options,
  }
  const cookieKey = randomBytes(24).toString('base64url')
  const store = identityStore()
  let keys = [createKey()]
  let provider: Provider
  let handle: (req: IncomingMessage, res: ServerResponse) => void

  const answer = (req: IncomingMessage, res: ServerResponse) => {
    if (!req.url?.startsWith('/sign-in/')) return handle(req, res)
    serveSignIn(provider, people, req, res).catch((error: Error) => {
      if (res.headersSent) return res.end()
      res.writeHead(400, { 'content-type': 'text/html; charset=utf-8' }).end(problemPage(error.message))
    })
  }
  const server = options.tls ? createSecureServer(options.tls, answer) : createServer(answer)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port ?? 0, '127.0.0.1', resolve)
  })
  const issuer = options.issuer ?? `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const issued: string[] = []
  const serve = () => {
    provider = createProvider(issuer, configuration(people, keys, cookieKey, client, store), options)
    provider.on('grant.success', ({ body }) => {
      const { access_token, refresh_token, id_token } = body as Record<string, string | undefined>
      issued.push(...[access_token, refresh_token, id_token].filter((token) => token !== undefined))
    })
    handle = provider.callback()
  }
  serve()

  return {
    issuer,
    clientId: client.id,
    clientSecret: client.secret,
    audience,
    setGroups(key, groups) {
      const person = people.get(key)
      if (!person) throw new Error(`the identity provider has no person ${key}`)
      people.set(key, { ...person, groups })
    },
    addPerson: (key, person) => void people.set(key, person),
    removePerson: (key) => void people.delete(key),
    rotateKeys() {
      keys = [createKey(), ...keys]
      serve()
    },
    issued: () => [...issued],
    async sign(key, token) {
      const [jwk] = keys
      const { issuedAt = Math.floor(Date.now() / 1000), lifetime = 3600, claims } = token
      return new SignJWT({ client_id: client.id, ...people.get(key), email_verified: true, ...claims })
        .setProtectedHeader({ alg: 'RS256', typ: 'at+jwt', kid: jwk?.kid ?? '' })
        .setIssuer(issuer)
        .setSubject(key)
        .setAudience(token.audience ?? audience)
        .setIssuedAt(issuedAt)
        .setExpirationTime(issuedAt + lifetime)
        .sign(createPrivateKey({ key: jwk as JsonWebKey, format: 'jwk' }))
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

// As a program it reads PORT and, for a known client secret, POSTERN_OIDC_CLIENT_SECRET. It accepts redirects to any local
// port and prints one line of JSON when it is ready.
if (import.meta.main) {
  const provider = await startIdentityProvider({
    port: process.env.PORT ? Number(process.env.PORT) : undefined,
    clientSecret: process.env.POSTERN_OIDC_CLIENT_SECRET,
    redirectUris: anyLocalPort('/api/auth/callback/oidc'),
    postLogoutRedirectUris: anyLocalPort('/signed-out'),
  })
  const { issuer, clientId, clientSecret } = provider
  process.stdout.write(`${JSON.stringify({ issuer, clientId, clientSecret, audience })}\n`)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => provider.stop())
}
