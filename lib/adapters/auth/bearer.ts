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

// Bearer tokens for the API: JWTs that the identity provider issued for the audience `identity.apiAudience` (RFC 9068).

type Refusal = { code: string; sentence: string }

function refusalFor(error: unknown): Refusal | undefined {
  const refusal = (code: string, sentence: string) => ({ code, sentence })
  if (error instanceof errors.JWTExpired) return refusal('expired-token', 'the token has expired')
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.claim === 'iss') return refusal('wrong-issuer', 'the token was issued by another issuer')
    if (error.claim === 'aud') return refusal('wrong-audience', 'the token was issued for another audience')
    return refusal('bad-claims', 'a required claim of the token is missing or invalid')
  }
  if (error instanceof errors.JOSEAlgNotAllowed)
    return refusal('wrong-algorithm', 'the token’s signature algorithm is not allowed')
  if (error instanceof errors.JWKSNoMatchingKey)
    return refusal('unknown-key', 'the token is signed with a key that the provider does not publish')
  if (error instanceof errors.JWSSignatureVerificationFailed)
    return refusal('bad-signature', 'the token’s signature is invalid')
  // A failure to fetch the keys says nothing about the token.
  if (error instanceof errors.JWKSTimeout || error instanceof errors.JWKSInvalid || isFetchFailure(error))
    return undefined
  if (error instanceof errors.JOSEError || error instanceof TypeError) {
    return refusal('not-a-token', 'it is not a valid access token for this API')
  }
  return undefined
}

/** jose has no error class for a key set that responds with an error, or for a connection that fails. */
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
  // NB: an id_token tells a client who signed in. It is not a permission to call an API, even if its audience matches.
  const type = protectedHeader.typ?.toLowerCase().replace(/^application\//, '')
  if (type !== undefined && type !== 'at+jwt' && type !== 'jwt') throw new errors.JWTInvalid('not an access token')
  const isIdToken = payload.at_hash !== undefined || payload.typ === 'ID'
  // Some providers also put the nonce into access tokens, so it indicates an id_token only where both share an
  // audience.
  if (isIdToken || (apiAudience === clientId && payload.nonce !== undefined)) throw new errors.JWTInvalid('an id_token')
  const issuedAt = new Date((payload.iat ?? 0) * 1000)
  if (issuedAt.getTime() > Date.now() + 60_000) throw new errors.JWTInvalid('issued in the future')
  return { claimed: identityFrom(payload, groupsClaim), issuedAt }
}

/**
 * The person that a verified token names. Groups stored after the token was issued override it: a group that the person
 * has since lost grants nothing, however long an older token stays valid. A token never adds a group that it doesn't
 * name. If the stored record fails verification, the lost groups are unknown: this token gets no groups, a later one
 * does.
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
 * The actor that a bearer token identifies.
 * @throws AppError `unauthenticated` when the token is refused, which is recorded; `unavailable` when it can't be
 * checked
 */
export async function actorOfBearer(token: string, origin: Origin): Promise<PersonActor> {
  let verified: Verified
  try {
    verified = await verify(token)
  } catch (error) {
    const refusal = refusalFor(error)
    if (!refusal) {
      log.warn({ reference: origin.reference, err: error }, 'could not check a bearer token')
      throw new AppError(
        'unavailable',
        'The identity provider does not respond, so the token can’t be checked. Try again in a moment.',
      )
    }
    await recordRefusal('bearer.refused', unknownActor(origin), refusal)
    throw new AppError('unauthenticated', `The bearer token was refused: ${refusal.sentence}. Send a new token.`)
  }
  const person = await personFor(verified, origin)
  return { kind: 'person', person, roles: rolesOf(person), origin }
}
