import { AsyncLocalStorage } from 'node:async_hooks'
import type { NextAuthOptions } from 'next-auth'
import { lookupAllowed } from '#lib/adapters/outbound'
import { env } from '#lib/env'
import { identitySettings, openedAddresses } from './configuration.ts'
import { cookieSettings } from './cookies.ts'
import type { ProviderMetadata } from './discovery.ts'
import { pathWithin } from './return-path.ts'

/** The one provider's id: it stands in the callback's address, `/api/auth/callback/oidc`. */
export const providerId = 'oidc'

/** Scopes that not every provider knows: one that lists what it supports is not asked for them in vain. */
const optionalScopes = ['groups', 'offline_access']

const scopesFor = ({ scopesSupported }: ProviderMetadata) =>
  identitySettings()
    .scopes.filter((scope) => !optionalScopes.includes(scope) || (scopesSupported?.includes(scope) ?? true))
    .join(' ')

/**
 * The first error that next-auth reports while it works on one call. Its logger is one per process, so what belongs to
 * whom is told apart by the asynchronous context.
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
  claims: Record<string, unknown>
  idToken: string | undefined
  refreshToken: string | undefined
}

/** client_secret_basic unless the provider takes only the other (RFC 6749 §2.3.1). */
export const clientAuthMethod = ({ tokenEndpointAuthMethods: methods }: ProviderMetadata) =>
  methods.includes('client_secret_basic') || !methods.includes('client_secret_post')
    ? 'client_secret_basic'
    : 'client_secret_post'

type Given = { scope?: string | undefined; refreshToken: string | undefined; claims: object | undefined }

/**
 * The question to the provider goes through the browser, whose owner could leave things out of it: the e-mail, which
 * would show that two accounts are theirs, or what lets Postern ask for their groups again, so that a group they lose
 * lasts as long as the session. A provider says which scopes it gave (RFC 6749 §5.1); where it gave what is needed all
 * the same, or the person has no e-mail, nothing is wrong.
 * @throws Error when the answer is to less than what was asked
 */
function refuseMissingScopes(asked: string, { scope, refreshToken, claims = {} }: Given) {
  const isMissing = (name: string) =>
    asked.split(' ').includes(name) && scope !== undefined && !scope.split(' ').includes(name)
  if (isMissing('email') && !('email' in claims)) throw new Error('less than asked: the scope email')
  if (isMissing('offline_access') && !refreshToken) throw new Error('less than asked: the scope offline_access')
}

/**
 * next-auth for one call. Everything is given explicitly, so that nothing is concluded from discovery that Postern has
 * not checked itself; the cookie holds the ids of a session and its person and nothing else.
 * @param begin makes the session in the database and returns what the cookie holds: its id and its person's
 */
export function authOptions(
  metadata: ProviderMetadata,
  begin: (signedIn: SignedIn) => Promise<{ sid: string; per: string }>,
): NextAuthOptions {
  const { clientId, idTokenAlgorithm } = identitySettings()
  return {
    secret: env().sessionSecret,
    // No grace, no sliding: a session ends an hour after it began. The row in the database says the same.
    session: { strategy: 'jwt', maxAge: 3600, updateAge: 3600 },
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
        token: { url: metadata.tokenEndpoint },
        jwks_endpoint: metadata.jwksUri,
        httpOptions: { timeout: 5_000, lookup: lookupAllowed(openedAddresses()) },
        profile: (claims: { sub: string }) => ({ id: claims.sub }),
      },
    ],
    callbacks: {
      redirect: ({ url, baseUrl }) => `${baseUrl}${pathWithin(url, baseUrl)}`,
      async jwt({ token, account, profile }) {
        if (!account) return { sid: token.sid, per: token.per }
        const { id_token: idToken, refresh_token: refreshToken } = account
        refuseMissingScopes(scopesFor(metadata), { scope: account.scope, refreshToken, claims: profile })
        return begin({ claims: { ...profile }, idToken, refreshToken })
      },
    },
  }
}
