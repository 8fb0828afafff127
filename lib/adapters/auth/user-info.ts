import { z } from 'zod'
import { log } from '#lib/observability/log'
import { callProvider } from './call-provider.ts'
import { type ClaimedIdentity, type Claims, identityFrom, lacksClaims } from './claims.ts'
import { identitySettings } from './configuration.ts'
import type { ProviderMetadata } from './discovery.ts'

// UserInfo (OpenID Connect Core §5.3). Many providers put only the subject into the ID token and everything else here.

/** UserInfo is about another person than the ID token. */
export class OtherSubject extends Error {}

const responseSchema = z.record(z.string(), z.unknown())

/**
 * The claims at the UserInfo endpoint, if the ID token lacks a claim that Postern needs. Undefined if it lacks none, or
 * if the provider has no such endpoint or refuses this access token.
 * @throws OtherSubject when the subject is not that of the ID token (§5.3.2)
 * @throws Error when the provider does not respond
 */
export async function userInfoFor(
  claims: Claims,
  accessToken: string | undefined,
  { userInfoEndpoint }: Pick<ProviderMetadata, 'userInfoEndpoint'>,
): Promise<Claims | undefined> {
  const { groupsClaim, scopes } = identitySettings()
  if (!userInfoEndpoint || !accessToken || claims.sub === undefined || !lacksClaims(claims, groupsClaim, scopes))
    return undefined
  const headers = new Headers({ accept: 'application/json', authorization: `Bearer ${accessToken}` })
  const response = await callProvider(userInfoEndpoint, { headers })
  if (response.status === 429 || response.status >= 500)
    throw new Error(`the identity provider does not respond: UserInfo responded ${response.status}`)
  if (!response.ok) {
    log.warn({ status: response.status }, 'the identity provider refused to send UserInfo')
    return undefined
  }
  // A signed response (application/jwt) comes only if the client was registered for one.
  const parsed = responseSchema.safeParse(await response.json().catch(() => undefined))
  if (!parsed.success) {
    log.warn('the identity provider’s UserInfo is not a JSON object')
    return undefined
  }
  if (parsed.data.sub !== claims.sub) throw new OtherSubject('UserInfo is about another subject')
  return parsed.data
}

/**
 * What the provider says about a person at a refresh. It need not send an ID token then (§12.2), so UserInfo may be all
 * there is. Undefined if it says nothing.
 * @throws OtherSubject when it is about another person
 */
export async function refreshedIdentity(
  subject: string,
  claims: Claims | undefined,
  accessToken: string | undefined,
  metadata: Pick<ProviderMetadata, 'userInfoEndpoint'>,
): Promise<ClaimedIdentity | undefined> {
  const settings = identitySettings()
  // Without an ID token the stored subject is the only one that UserInfo can be compared with.
  const own = claims ?? (settings.subjectClaim === 'sub' ? { sub: subject } : {})
  const userInfo = await userInfoFor(own, accessToken, metadata)
  if (!claims && !userInfo) return undefined
  // Without an ID token the manager stays who they were.
  const claimed = identityFrom(own, claims ? settings : { ...settings, managerClaim: undefined }, userInfo)
  if (claimed.subject !== subject) throw new OtherSubject('the provider names another person')
  return claimed
}
