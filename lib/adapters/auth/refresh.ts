import { recordEvent } from '#lib/adapters/db/audit/audit'
import { transaction } from '#lib/adapters/db/client'
import {
  claimRefresh,
  endSession,
  keepRefreshToken,
  type LiveSession,
  postponeRefresh,
} from '#lib/adapters/db/people/sessions'
import type { Origin, Person } from '#lib/core/access/actor'
import { log } from '#lib/observability/log'
import { timeOfClaims } from './claims.ts'
import { type ProviderMetadata, providerMetadata } from './discovery.ts'
import { verifyRefreshedIdToken } from './id-token.ts'
import { recordPerson } from './record-person.ts'
import { seal, unseal } from './sealing.ts'
import { requestTokens, revokeRefreshToken } from './token-endpoint.ts'
import { TokenError } from './token-errors.ts'
import { OtherSubject, refreshedIdentity } from './user-info.ts'

// Refreshes a person's groups while their session lasts. The provider returns the current groups, or refuses the person,
// which ends the session, or does not respond. Then the session goes on with the groups it has, for a quarter of an hour
// (lib/core/access/group-staleness.ts).

/** The session ends: its groups can no longer be confirmed. */
class RefreshRefused extends Error {}

/**
 * Stores the refresh token that replaces the one just used. NB: before anything else is done with the response. The
 * provider accepts the old one no longer, so whatever fails afterwards must not lose the new one.
 */
async function keep(session: LiveSession, refreshToken: string, metadata: ProviderMetadata) {
  const sealed = await seal(refreshToken, 'refresh-token', session.id)
  const isKept = await transaction((tx) => keepRefreshToken(tx, session.id, sealed))
  // The session ended meanwhile, and its end revoked the token before this one.
  if (!isKept) await revokeRefreshToken(refreshToken, metadata)
}

/** A session's person, and whether the provider confirmed their groups recently enough for them to decide anything. */
export type SessionPerson = { person: Person; areGroupsConfirmed: boolean }

/** The person as the session's row has them, without an answer of the provider. */
const asStored = ({ person, areGroupsConfirmed }: LiveSession): SessionPerson => ({ person, areGroupsConfirmed })

async function refreshed(session: LiveSession, sealedToken: string, origin: Origin): Promise<SessionPerson | null> {
  const { person } = session
  const refreshToken = await unseal(sealedToken, 'refresh-token', session.id)
  if (refreshToken === undefined) throw new RefreshRefused('the stored token was sealed with another secret')
  const metadata = await providerMetadata()
  // NB: another provider must never see the token. The configuration may have changed since the session was read.
  if (metadata.issuer !== person.issuer) return null
  const calledAt = new Date()
  const tokens = await requestTokens(refreshToken, metadata)
  if (tokens.refresh_token) await keep(session, tokens.refresh_token, metadata)
  const claims = tokens.id_token ? await verifyRefreshedIdToken(tokens.id_token, metadata) : undefined
  const claimed = await refreshedIdentity(person.subject, claims, tokens.access_token, metadata)
  if (!claimed) return asStored(session)
  const at = timeOfClaims(claims ?? {}, calledAt)
  const description = { claimed, at, known: person, method: 'refresh' } as const
  return {
    person: await transaction((tx) => recordPerson(tx, description, origin)),
    areGroupsConfirmed: true,
  }
}

async function endRefused(session: LiveSession, origin: Origin, error: Error) {
  log.info({ reference: origin.reference, err: error }, 'ended a session: its groups can no longer be confirmed')
  const providerError = error instanceof TokenError ? error.providerError : undefined
  await transaction(async (tx) => {
    const ended = await endSession(tx, session.id)
    if (!ended) return
    const actor = { kind: 'system', component: 'sessions', origin: { ...origin, via: 'system' } } as const
    const data = { cause: 'provider-refused' as const, ...(providerError && { providerError }) }
    await recordEvent(tx, { type: 'session.ended', actor, data, about: { personId: ended.personId } })
  })
}

/**
 * Sessions at whose last refresh the provider failed (500), each with the number of successful refreshes up to then.
 * Per process: a second replica may need one more try.
 */
type Failures = { successes: number; bySession: Map<string, number> }

/**
 * Some providers fail where they mean to refuse: Dex responds 500 for a person that its directory no longer knows. It is
 * a refusal at the second try if other sessions were refreshed since the first.
 */
function isRefusal(failures: Failures, session: LiveSession, error: unknown): error is Error {
  if (error instanceof RefreshRefused || error instanceof OtherSubject) return true
  if (!(error instanceof TokenError) || error.meaning !== 'failure')
    return error instanceof TokenError && error.meaning === 'person'
  const before = failures.bySession.get(session.id)
  if (before !== undefined) return failures.successes > before
  if (failures.bySession.size > 10_000) failures.bySession.clear()
  failures.bySession.set(session.id, failures.successes)
  return false
}

async function refresh(session: LiveSession, origin: Origin): Promise<SessionPerson | null> {
  const sealedToken = await claimRefresh(session.id)
  // Another replica is refreshing right now; its result applies from the next call on.
  if (sealedToken === null) return asStored(session)
  try {
    const result = await refreshed(session, sealedToken, origin)
    if (result) failures.successes += 1
    failures.bySession.delete(session.id)
    return result
  } catch (error) {
    if (isRefusal(failures, session, error)) {
      failures.bySession.delete(session.id)
      await endRefused(session, origin, error)
      return null
    }
    log.warn({ reference: origin.reference, err: error }, 'could not refresh groups at the identity provider')
    await postponeRefresh(session.id)
    return asStored(session)
  }
}

const shared = globalThis as typeof globalThis & {
  posternRefreshes?: Map<string, Promise<SessionPerson | null>>
  posternRefreshFailures?: Failures
}
shared.posternRefreshes ??= new Map()
shared.posternRefreshFailures ??= { successes: 0, bySession: new Map() }
const refreshes = shared.posternRefreshes
const failures = shared.posternRefreshFailures

/**
 * The session's person with groups at most five minutes old, or older if the provider does not respond; null when the
 * session is over. Simultaneous calls in one
 * process share one refresh and all wait for it, so that none of them uses groups that the person has just lost.
 */
export function personOf(session: LiveSession, origin: Origin): Promise<SessionPerson | null> {
  const running = refreshes.get(session.id)
  if (running) return running
  if (!session.isDue) return Promise.resolve(asStored(session))
  const promise = refresh(session, origin).finally(() => refreshes.delete(session.id))
  refreshes.set(session.id, promise)
  return promise
}
