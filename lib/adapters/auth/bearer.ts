import { errors, jwtVerify } from 'jose'
import { recordEvent } from '#lib/adapters/db/audit/audit'
import { transaction } from '#lib/adapters/db/client'
import { findPerson } from '#lib/adapters/db/people/find-person'
import { upsertPerson } from '#lib/adapters/db/people/people'
import type { Origin, Person, PersonActor } from '#lib/core/access/actor'
import { AppError } from '#lib/core/access/errors'
import { log } from '#lib/observability/log'
import { type ClaimedIdentity, identityFrom } from './claims.ts'
import { identitySettings } from './configuration.ts'
import { providerMetadata } from './discovery.ts'
import { asymmetricAlgorithms, keysOf } from './id-token.ts'
import { recordRefusal, unknownActor } from './refusals.ts'
import { rolesOf } from './roles.ts'

// Bearer tokens of the API: JWTs that the same provider issued for Postern's own audience (RFC 9068 where it says so).

type Refusal = { code: string; sentence: string }

function refusalFor(error: unknown): Refusal | undefined {
  const refusal = (code: string, sentence: string) => ({ code, sentence })
  if (error instanceof errors.JWTExpired) return refusal('expired-token', 'the token has expired')
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.claim === 'iss') return refusal('wrong-issuer', 'the token is from another issuer')
    if (error.claim === 'aud') return refusal('wrong-audience', 'the token is for another audience')
    return refusal('bad-claims', 'the token’s claims are not acceptable')
  }
  if (error instanceof errors.JOSEAlgNotAllowed)
    return refusal('wrong-algorithm', 'the token is signed in a way that is not allowed')
  if (error instanceof errors.JWKSNoMatchingKey)
    return refusal('unknown-key', 'the token is signed with a key that the provider does not publish')
  if (error instanceof errors.JWSSignatureVerificationFailed)
    return refusal('bad-signature', 'the token’s signature is wrong')
  // Keys that could not be fetched say nothing about the token.
  if (error instanceof errors.JWKSTimeout || error instanceof errors.JWKSInvalid || isFetchFailure(error))
    return undefined
  if (error instanceof errors.JOSEError || error instanceof TypeError) {
    return refusal('not-a-token', 'what was sent is not a token for this API')
  }
  return undefined
}

/** jose has no class of its own for a key set that answers with an error, nor for a connection that fails. */
const isFetchFailure = (error: unknown) =>
  (error instanceof errors.JOSEError && error.code === 'ERR_JOSE_GENERIC') ||
  (error instanceof TypeError && error.message === 'fetch failed')

type Verified = { claimed: ClaimedIdentity; issuedAt: Date }

async function verify(token: string): Promise<Verified> {
  const { apiAudience, clientId, groupsClaim } = identitySettings()
  const metadata = await providerMetadata()
  const { payload, protectedHeader } = await jwtVerify(token, keysOf(metadata), {
    issuer: metadata.issuer,
    audience: apiAudience,
    algorithms: asymmetricAlgorithms,
    clockTolerance: 60,
    requiredClaims: ['sub', 'exp', 'iat'],
  })
  // NB: an id_token tells a client who signed in; it is no permission to call anything, even where the audience fits.
  const type = protectedHeader.typ?.toLowerCase().replace(/^application\//, '')
  if (type !== undefined && type !== 'at+jwt' && type !== 'jwt') throw new errors.JWTInvalid('not an access token')
  const isIdToken = payload.at_hash !== undefined || payload.typ === 'ID'
  // Some providers repeat the nonce in access tokens; only where both audiences are one it can mean an id_token.
  if (isIdToken || (apiAudience === clientId && payload.nonce !== undefined)) throw new errors.JWTInvalid('an id_token')
  const issuedAt = new Date((payload.iat ?? 0) * 1000)
  if (issuedAt.getTime() > Date.now() + 60_000) throw new errors.JWTInvalid('issued in the future')
  return { claimed: identityFrom(payload, groupsClaim), issuedAt }
}

/**
 * The person a verified token names. What is known from later than the token counts more than the token: a group that
 * was lost since gives nothing, however long an older token still lives. A token never gives a group it does not name.
 * Where what is on record was not written by Postern, nobody knows what was lost since: this token gives no group, and a
 * later one does.
 */
async function personFor({ claimed, issuedAt }: Verified, origin: Origin): Promise<Person> {
  const { issuer } = identitySettings()
  const found = await findPerson(issuer, claimed.subject)
  const known = found?.signatureFailure ? null : found
  const groups = found?.signatureFailure ? [] : (claimed.groups ?? [])
  if (known && (known.groupsAt >= issuedAt || claimed.groups === undefined)) {
    return { ...known.person, groups: groups.filter((group) => known.person.groups.includes(group)) }
  }
  const { person } = await transaction(async (tx) => {
    if (found?.signatureFailure) {
      const actor = { kind: 'system', component: 'sign-in', origin: { ...origin, via: 'system' } } as const
      await recordEvent(tx, {
        type: 'record.rejected',
        actor,
        data: found.signatureFailure,
        about: { personId: found.person.id },
      })
    }
    return upsertPerson(tx, {
      issuer,
      subject: claimed.subject,
      name: claimed.name ?? known?.person.name ?? claimed.email ?? claimed.subject,
      email: claimed.email === undefined ? (known?.person.email ?? null) : claimed.email,
      emailVerified: claimed.email === undefined ? (known?.person.emailVerified ?? false) : claimed.emailVerified,
      groups,
    })
  })
  return person
}

/**
 * Who a bearer token stands for.
 * @throws AppError `unauthenticated` when it stands for nobody (recorded), `unavailable` when that cannot be known now
 */
export async function actorOfBearer(token: string, origin: Origin): Promise<PersonActor> {
  let verified: Verified
  try {
    verified = await verify(token)
  } catch (error) {
    const refusal = refusalFor(error)
    if (!refusal) {
      log.warn({ reference: origin.reference, err: error }, 'a bearer token could not be checked')
      throw new AppError('unavailable', 'The identity provider does not answer, so nobody can be recognised just now.')
    }
    await recordRefusal('bearer.refused', unknownActor(origin), refusal)
    throw new AppError('unauthenticated', `The bearer token is refused: ${refusal.sentence}.`)
  }
  const person = await personFor(verified, origin)
  return { kind: 'person', person, roles: rolesOf(person), origin }
}
