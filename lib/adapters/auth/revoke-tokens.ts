import type { EndedSession } from '#lib/adapters/db/people/sessions'
import { log } from '#lib/observability/log'
import { providerMetadata } from './discovery.ts'
import { unseal } from './sealing.ts'
import { revokeRefreshToken } from './token-endpoint.ts'

/**
 * Revokes the refresh tokens of sessions that are over, so that the provider does not keep one session per sign-in. Never
 * throws.
 */
export async function revokeTokensOf(sessions: readonly EndedSession[]): Promise<void> {
  if (!sessions.some((session) => session.sealedRefreshToken)) return
  try {
    const metadata = await providerMetadata()
    // NB: another provider must never see the token, even if the configuration names that one now.
    for (const { id, sealedRefreshToken } of sessions.filter((session) => session.issuer === metadata.issuer)) {
      const refreshToken = await unseal(sealedRefreshToken, 'refresh-token', id)
      if (refreshToken !== undefined) await revokeRefreshToken(refreshToken, metadata)
    }
  } catch (error) {
    log.warn({ err: error }, 'could not revoke the refresh tokens of ended sessions')
  }
}
