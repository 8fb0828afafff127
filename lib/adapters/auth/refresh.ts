import { z } from 'zod'
import { recordEvent } from '#lib/adapters/db/audit/audit'
import { transaction } from '#lib/adapters/db/client'
import { upsertPerson } from '#lib/adapters/db/people/people'
import {
  claimRefresh,
  endSession,
  keepRefreshToken,
  type LiveSession,
  postponeRefresh,
} from '#lib/adapters/db/people/sessions'
import type { Origin, Person, PersonActor } from '#lib/core/access/actor'
import { env } from '#lib/env'
import { log } from '#lib/observability/log'
import { callProvider } from './call-provider.ts'
import { identityFrom } from './claims.ts'
import { identitySettings } from './configuration.ts'
import { type ProviderMetadata, providerMetadata } from './discovery.ts'
import { verifyRefreshedIdToken } from './id-token.ts'
import { clientAuthMethod } from './options.ts'
import { rolesOf } from './roles.ts'
import { seal, unseal } from './sealing.ts'

// Refreshes a person's groups while their session lasts. The provider returns the current groups, or refuses the
// refresh token, which ends the session, or does not respond, and then the session goes on with the groups it has.

const tokenResponseSchema = z.object({ id_token: z.string().optional(), refresh_token: z.string().optional() })

/** The provider permanently refuses this refresh token (RFC 6749 §5.2 `invalid_grant`). */
class RefreshRefused extends Error {}

async function requestTokens(refreshToken: string, metadata: ProviderMetadata) {
  const { clientId } = identitySettings()
  const { oidcClientSecret } = env()
  const body = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: refreshToken })
  const headers = new Headers({ accept: 'application/json' })
  if (clientAuthMethod(metadata) === 'client_secret_basic') {
    // RFC 6749 §2.3.1: both halves are form-encoded before they are joined.
    const encoded = [clientId, oidcClientSecret].map((text) => new URLSearchParams({ x: text }).toString().slice(2))
    headers.set('authorization', `Basic ${Buffer.from(encoded.join(':')).toString('base64')}`)
  } else {
    body.set('client_id', clientId)
    body.set('client_secret', oidcClientSecret)
  }
  headers.set('content-type', 'application/x-www-form-urlencoded')
  const response = await callProvider(metadata.tokenEndpoint, { method: 'POST', headers, body: body.toString() })
  if (response.status === 400 || response.status === 401) {
    const { error } = z
      .object({ error: z.string() })
      .catch({ error: '' })
      .parse(await response.json())
    if (error === 'invalid_grant') throw new RefreshRefused('the provider refuses the refresh token')
  }
  if (!response.ok) throw new Error(`the token endpoint responded ${response.status}`)
  return tokenResponseSchema.parse(await response.json())
}

async function refreshed(session: LiveSession, sealedToken: string, origin: Origin): Promise<Person | null> {
  const { person } = session
  const refreshToken = await unseal(sealedToken, 'refresh-token', session.id)
  if (refreshToken === undefined) throw new RefreshRefused('the stored token was sealed with another secret')
  const metadata = await providerMetadata()
  const tokens = await requestTokens(refreshToken, metadata)
  const newToken = tokens.refresh_token ? await seal(tokens.refresh_token, 'refresh-token', session.id) : undefined
  // A provider need not send an id_token here (OpenID Connect Core §12.2); then the groups stay as they are.
  const claims = tokens.id_token ? await verifyRefreshedIdToken(tokens.id_token, metadata) : undefined
  const claimed = claims && identityFrom(claims, identitySettings().groupsClaim)
  if (claimed && claimed.subject !== person.subject) throw new RefreshRefused('the provider names another person')
  return transaction(async (tx) => {
    if (newToken) await keepRefreshToken(tx, session.id, newToken)
    if (!claimed) return person
    const now = await upsertPerson(tx, {
      issuer: person.issuer,
      subject: person.subject,
      name: claimed.name ?? person.name,
      email: claimed.email === undefined ? person.email : claimed.email,
      emailVerified: claimed.email === undefined ? person.emailVerified : claimed.emailVerified,
      // A new id_token without groups means that there are none: unconfirmed groups are not kept.
      groups: claimed.groups ?? [],
    })
    const gained = now.person.groups.filter((group) => !person.groups.includes(group))
    const lost = person.groups.filter((group) => !now.person.groups.includes(group))
    if (gained.length || lost.length) {
      const actor: PersonActor = { kind: 'person', person: now.person, roles: rolesOf(now.person), origin }
      const about = { personId: person.id }
      await recordEvent(tx, { type: 'session.groups-changed', actor, data: { gained, lost }, about })
    }
    return now.person
  })
}

async function endRefused(session: LiveSession, origin: Origin, error: Error) {
  log.info({ reference: origin.reference, err: error }, 'ended a session: its groups can no longer be confirmed')
  await transaction(async (tx) => {
    const ended = await endSession(tx, session.id)
    if (!ended) return
    const actor = { kind: 'system', component: 'sessions', origin: { ...origin, via: 'system' } } as const
    await recordEvent(tx, { type: 'session.ended', actor, data: {}, about: { personId: ended.personId } })
  })
}

async function refresh(session: LiveSession, origin: Origin): Promise<Person | null> {
  const sealedToken = await claimRefresh(session.id)
  // Another replica is refreshing right now; its result applies from the next call on.
  if (sealedToken === null) return session.person
  try {
    return await refreshed(session, sealedToken, origin)
  } catch (error) {
    if (error instanceof RefreshRefused) {
      await endRefused(session, origin, error)
      return null
    }
    log.warn({ reference: origin.reference, err: error }, 'could not refresh groups at the identity provider')
    await postponeRefresh(session.id)
    return session.person
  }
}

const shared = globalThis as typeof globalThis & { posternRefreshes?: Map<string, Promise<Person | null>> }
shared.posternRefreshes ??= new Map()
const refreshes = shared.posternRefreshes

/**
 * The session's person with groups at most five minutes old; null when the session is over. Simultaneous calls in one
 * process share one refresh and all wait for it, so that none of them uses groups that the person has just lost.
 */
export function personOf(session: LiveSession, origin: Origin): Promise<Person | null> {
  const running = refreshes.get(session.id)
  if (running) return running
  if (!session.isDue) return Promise.resolve(session.person)
  const promise = refresh(session, origin).finally(() => refreshes.delete(session.id))
  refreshes.set(session.id, promise)
  return promise
}
