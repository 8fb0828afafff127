import { AsyncLocalStorage } from 'node:async_hooks'
import type { NextAuthOptions } from 'next-auth'
import { lookupAllowed } from '#lib/adapters/outbound'
import { sessionSeconds } from '#lib/core/access/session-length'
import { env } from '#lib/env'
import type { Claims } from './claims.ts'
import { addressExceptions, identitySettings } from './configuration.ts'
import { cookieSettings } from './cookies.ts'
import type { ProviderMetadata } from './discovery.ts'
import { pathWithin } from './return-path.ts'
import { userInfoFor } from './user-info.ts'

/** The provider's id in next-auth, and so in the callback URL `/api/auth/callback/oidc`. */
export const providerId = 'oidc'

/** Scopes that not every provider knows. They are left out for a provider that lists its scopes without them. */
const optionalScopes = ['groups', 'offline_access']

/** The scopes of an authorization request, separated by spaces. */
export const scopesFor = ({ scopesSupported }: ProviderMetadata) =>
  identitySettings()
    .scopes.filter((scope) => !optionalScopes.includes(scope) || (scopesSupported?.includes(scope) ?? true))
    .join(' ')

/**
 * The first error that next-auth reports while it handles one call. Its logger is shared by the whole process, so the
 * asynchronous context tells the calls apart.
 */
export const reported = new AsyncLocalStorage<{ error?: unknown }>()

const logger: NextAuthOptions['logger'] = {
  error(_code, detail) {
    const scope = reported.getStore()
    if (scope) scope.error ??= detail instanceof Error ? detail : (detail.error ?? detail)
  },
  warn() {},
  debug() {},
}

export type SignedIn = {
  claims: Claims
  /** Undefined if it wasn't needed. */
  userInfo: Claims | undefined
  /** When the provider was called. */
  calledAt: Date
  idToken: string | undefined
  refreshToken: string | undefined
}

/** client_secret_basic, unless the provider supports only client_secret_post (RFC 6749 §2.3.1). */
export const clientAuthMethod = ({ tokenEndpointAuthMethods: methods }: ProviderMetadata) =>
  methods.includes('client_secret_basic') || !methods.includes('client_secret_post')
    ? 'client_secret_basic'
    : 'client_secret_post'

type Granted = { scope?: string | undefined; refreshToken: string | undefined; claims: object | undefined }

/**
 * The authorization request goes through the browser, whose user could remove scopes from it: `email`, which would
 * reveal that two accounts are the same person, or `offline_access`, which Postern needs to notice a lost group before
 * the session ends. The provider reports the scopes that it granted (RFC 6749 §5.1). A missing scope is fine if the
 * provider returned its data anyway.
 * @throws Error when a requested scope is missing and its data too
 */
function refuseMissingScopes(requested: string, { scope, refreshToken, claims = {} }: Granted) {
  const isMissing = (name: string) =>
    requested.split(' ').includes(name) && scope !== undefined && !scope.split(' ').includes(name)
  if (isMissing('email') && !('email' in claims)) throw new Error('missing scope: email')
  if (isMissing('offline_access') && !refreshToken) throw new Error('missing scope: offline_access')
}

/**
 * next-auth's options for one call. Every endpoint is passed explicitly, so that next-auth uses no metadata that
 * Postern has not checked. The cookie holds only the ids of the session and its person.
 * @param begin creates the session in the database and returns the content of the cookie
 */
export function authOptions(
  metadata: ProviderMetadata,
  begin: (signedIn: SignedIn) => Promise<{ sid: string; per: string }>,
): NextAuthOptions {
  const { clientId, idTokenAlgorithm } = identitySettings()
  const calledAt = new Date()
  return {
    secret: env().sessionSecret,
    // No grace period and no sliding expiry: the cookie expires with the session's row in the database.
    session: { strategy: 'jwt', maxAge: sessionSeconds, updateAge: sessionSeconds },
    cookies: cookieSettings(),
    logger,
    pages: { signIn: '/sign-in', error: '/sign-in' },
    providers: [
      {
        id: providerId,
        name: 'OpenID Connect',
        type: 'oauth',
        idToken: true,
        checks: ['pkce', 'state', 'nonce'],
        issuer: metadata.issuer,
        clientId,
        clientSecret: env().oidcClientSecret,
        client: {
          id_token_signed_response_alg: idTokenAlgorithm,
          token_endpoint_auth_method: clientAuthMethod(metadata),
        },
        authorization: { url: metadata.authorizationEndpoint, params: { scope: scopesFor(metadata) } },
        token: {
          url: metadata.tokenEndpoint,
          // As next-auth would do it, but next-auth's own error keeps only the message of the library's.
          async request({ provider, params, checks, client }) {
            try {
              return { tokens: await client.callback(provider.callbackUrl, params, checks) }
            } catch (error) {
              const scope = reported.getStore()
              if (scope) scope.error ??= error
              throw error
            }
          },
        },
        jwks_endpoint: metadata.jwksUri,
        httpOptions: { timeout: 5_000, lookup: lookupAllowed(addressExceptions()) },
        profile: (claims: { sub: string }) => ({ id: claims.sub }),
      },
    ],
    callbacks: {
      redirect: ({ url, baseUrl }) => `${baseUrl}${pathWithin(url, baseUrl)}`,
      async jwt({ token, account, profile }) {
        if (!account) return { sid: token.sid, per: token.per }
        const { id_token: idToken, refresh_token: refreshToken } = account
        const claims: Claims = { ...profile }
        const userInfo = await userInfoFor(claims, account.access_token, metadata)
        const granted = { scope: account.scope, refreshToken, claims: { ...userInfo, ...claims } }
        refuseMissingScopes(scopesFor(metadata), granted)
        return begin({ claims, userInfo, calledAt, idToken, refreshToken })
      },
    },
  }
}
