import { anyLocalPort, type IdentityProvider, startIdentityProvider } from '#local/parts/identity-provider'
import { bearerToken } from '#local/parts/sign-in'
import { aConfiguration, type ConfigurationDocument } from './configuration.ts'
import { testPolicy } from './policy.ts'

export const testUrl = 'http://localhost:3000'
export const testRedirectUri = `${testUrl}/api/auth/callback/oidc`

export type TestIdentity = {
  provider: IdentityProvider
  /** A bearer token for the API, from the provider's real flow. */
  token(person: string): Promise<string>
  /** Changes parts of the configuration in force. */
  change(changes: Partial<ConfigurationDocument>): Promise<void>
  stop(): Promise<void>
}

/** A real identity provider of this test file's own, and a configuration in force that uses it. */
export async function testIdentity(overrides: Partial<ConfigurationDocument> = {}): Promise<TestIdentity> {
  const provider = await startIdentityProvider({
    redirectUris: anyLocalPort('/api/auth/callback/oidc'),
    postLogoutRedirectUris: anyLocalPort('/signed-out'),
  })
  process.env.POSTERN_OIDC_CLIENT_SECRET = provider.clientSecret
  const { issuer, clientId, audience } = provider
  const document = aConfiguration({ identity: { issuer, clientId, apiAudience: audience }, ...overrides })
  const policy = await testPolicy(document)
  return {
    provider,
    token: (person) => bearerToken({ ...provider, redirectUri: testRedirectUri }, person),
    change: (changes) => policy.change({ ...document, ...changes }),
    stop: async () => {
      await policy.stop()
      await provider.stop()
    },
  }
}
