import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, exportSPKI, generateKeyPair, type JWTHeaderParameters, type JWTPayload, SignJWT } from 'jose'

type Key = Awaited<ReturnType<typeof generateKeyPair>>

/**
 * An OpenID provider whose responses a test controls: a real HTTP server on loopback with discovery, keys and a token
 * endpoint that returns the test's own id_token.
 */
export async function startHostileIssuer() {
  const published = await generateKeyPair('RS256', { extractable: true })
  const unpublished = await generateKeyPair('RS256')
  const jwk = { ...(await exportJWK(published.publicKey)), kid: 'published', use: 'sig', alg: 'RS256' }
  const newJwk = { ...(await exportJWK((await generateKeyPair('RS256', { extractable: true })).publicKey)), kid: 'new' }
  /** The public key in bytes that a careless verifier would use as an HMAC secret. */
  const publicPem = new TextEncoder().encode(await exportSPKI(published.publicKey))

  const answers = {
    ...{ idToken: '', tokenStatus: 200, keysStatus: 200, discoveredIssuer: '', scope: '' },
    ...{ refreshToken: '', tokenError: 'server_error' },
    /** The time that the provider sends with its metadata, and the error of every authorization request. */
    ...{ date: undefined as Date | undefined, authorizationError: 'login_required' },
    /** More metadata, and the realm whose metadata it serves. */
    ...{ metadata: {} as Record<string, unknown>, realm: '' },
    /** The UserInfo response; undefined for a provider that refuses every access token. */
    userInfo: undefined as object | undefined,
    userInfoStatus: 200,
    /** The provider publishes another key in place of the one that signed its tokens. */
    hasNewKey: false,
    /** Metadata that replace the correct ones. */
    endpoints: {} as Record<string, string>,
    /** Runs while a revocation waits for its response. */
    beforeRevoked: async () => {},
    /** Responds to discovery in place of the correct response. */
    discovery: undefined as ((response: ServerResponse) => void) | undefined,
  }
  /** The forms that were posted to each endpoint, in order. */
  const posted: { path: string; form: URLSearchParams }[] = []
  const userInfoCalls: { url: string; authorization: string | undefined }[] = []
  const server = createServer(async (request, response) => {
    const json = (status: number, body: object) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    const path = request.url?.split('?')[0]
    if (path === '/authorize') {
      const location = `http://localhost:3000/api/auth/callback/oidc?error=${answers.authorizationError}`
      return response.writeHead(302, { location }).end()
    }
    if (path === `${answers.realm}/.well-known/openid-configuration`) {
      if (answers.date) response.setHeader('date', answers.date.toUTCString())
      if (answers.discovery) return answers.discovery(response)
      return json(200, {
        issuer: answers.discoveredIssuer || issuer,
        authorization_endpoint: `${issuer}/authorize`,
        token_endpoint: `${issuer}/token`,
        jwks_uri: `${issuer}/keys`,
        userinfo_endpoint: `${issuer}/userinfo`,
        ...answers.endpoints,
        ...answers.metadata,
      })
    }
    if (path === '/userinfo') {
      userInfoCalls.push({ url: request.url ?? '', authorization: request.headers.authorization })
      if (answers.userInfoStatus !== 200) return json(answers.userInfoStatus, {})
      return answers.userInfo ? json(200, answers.userInfo) : json(401, { error: 'invalid_token' })
    }
    if (path === '/keys') return json(answers.keysStatus, { keys: [answers.hasNewKey ? newJwk : jwk] })
    if (request.method === 'POST') {
      let body = ''
      for await (const chunk of request) body += chunk
      posted.push({ path: path ?? '', form: new URLSearchParams(body) })
    }
    if (path === '/revoke') {
      await answers.beforeRevoked()
      return json(200, {})
    }
    if (path === '/token') {
      if (answers.tokenStatus !== 200) return json(answers.tokenStatus, { error: answers.tokenError })
      const refresh = answers.refreshToken ? { refresh_token: answers.refreshToken } : {}
      const tokens = {
        ...refresh,
        access_token: 'opaque',
        token_type: 'Bearer',
        expires_in: 60,
        ...(answers.idToken ? { id_token: answers.idToken } : {}),
      }
      return json(200, answers.scope ? { ...tokens, scope: answers.scope } : tokens)
    }
    return json(404, {})
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  return {
    issuer,
    answers,
    /** The calls to the UserInfo endpoint, in order. */
    userInfoCalls,
    posted,
    /** A token of `claims`, signed as a correct provider does, except for what `how` changes. */
    sign(
      claims: JWTPayload,
      how: { key?: Key['privateKey'] | Uint8Array; header?: Partial<JWTHeaderParameters> } = {},
    ) {
      const header = { alg: 'RS256', kid: 'published', ...how.header }
      return new SignJWT(claims).setProtectedHeader(header).sign(how.key ?? published.privateKey)
    },
    /** RFC 7519 §6: an unsigned token. */
    unsigned(claims: JWTPayload) {
      const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
      return `${part({ alg: 'none' })}.${part(claims)}.`
    },
    publicPem,
    unpublishedKey: unpublished.privateKey,
    stop: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
