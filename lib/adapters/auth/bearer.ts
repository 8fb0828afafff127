import { decodeProtectedHeader, errors, type JWTPayload, jwtVerify } from 'jose'
import { recordEvent } from '#lib/adapters/db/audit/audit'
import { transaction } from '#lib/adapters/db/client'
import { findPerson } from '#lib/adapters/db/people/find-person'
import { upsertPerson } from '#lib/adapters/db/people/people'
import type { Origin, Person, PersonActor } from '#lib/core/access/actor'
import { AppError } from '#lib/core/access/errors'
import { inBoth } from '#lib/core/access/learn-groups'
import { verifiedEmails } from '#lib/core/access/same-person'
import { log } from '#lib/observability/log'
import { type ClaimedIdentity, clockToleranceMs, identityFrom } from './claims.ts'
import { identitySettings } from './configuration.ts'
import { type ProviderMetadata, providerMetadata } from './discovery.ts'
import { asymmetricAlgorithms, keyFetches, keysOf } from './id-token.ts'
import { recordPerson, reportMissingGroups } from './record-person.ts'
import { recordRefusal, unknownActor } from './refusals.ts'
import { rolesOf } from './roles.ts'
import { verifiedOnce } from './verified-tokens.ts'
import { withOnCall } from './with-on-call.ts'

// Bearer tokens for the API: JWTs that the identity provider issued for the audience `identity.apiAudience` (RFC 9068).

type Refusal = { code: string; sentence: string }

function refusalFor(error: unknown): Refusal | undefined {
  const refusal = (code: string, sentence: string) => ({ code, sentence })
  if (error instanceof IdTokenSent)
    return refusal('id-token', 'it is an ID token, and this API accepts only access tokens')
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

type Verified = {
  claimed: ClaimedIdentity
  issuedAt: Date
  /** The token was issued to one of Postern's own clients: of the pages, or of `postern login`. */
  isOwn: boolean
  /** It was issued to the client of `postern login`. */
  isTerminal: boolean
}

/** The client to which a token was issued: RFC 9068 §2.2, OpenID Connect Core §2, and the names of Okta and Entra ID. */
const clientClaims = ['client_id', 'azp', 'cid', 'appid']

/** Does every claim about the token's client name the same one of Postern's own? */
function isFromOwnClient(payload: JWTPayload, own: readonly string[]): boolean {
  const named = clientClaims.flatMap((claim) => (payload[claim] === undefined ? [] : [payload[claim]]))
  return named.length > 0 && own.some((clientId) => named.every((client) => client === clientId))
}

/**
 * An ID token tells a client who signed in. It is not a permission to call an API, even if its audience matches. Some
 * providers name the type. Otherwise a nonce reveals the ID token of Postern's own clients, which send one at every
 * sign-in. NB: `at_hash` reveals nothing, because Dex puts it into access tokens too.
 */
function isIdToken(
  { typ, aud, nonce, azp, client_id }: JWTPayload,
  headerType: string,
  own: readonly string[],
): boolean {
  if (typ === 'ID') return true
  if (headerType === 'at+jwt' || typ === 'Bearer') return false
  const audiences = [aud].flat()
  return (
    nonce !== undefined && own.some((client) => audiences.includes(client) && (azp ?? client_id ?? client) === client)
  )
}

/** The types of an access token in the header (RFC 9068 §2.1), and in the claim `typ` that Keycloak adds. */
const accessTokenTypes = ['at+jwt', 'jwt', 'bearer']
const isAccessTokenType = (type: unknown) => typeof type === 'string' && accessTokenTypes.includes(type.toLowerCase())

const headerTypeOf = (token: string) =>
  (decodeProtectedHeader(token).typ ?? 'jwt').toLowerCase().replace(/^application\//, '')

class IdTokenSent extends Error {}

async function verify(token: string): Promise<Verified> {
  const metadata = await providerMetadata()
  // The keys are fetched again while a token is verified, if at all: then this one counts for one call only.
  return verifiedOnce(token, [identitySettings(), metadata, keyFetches()], () => verifyNow(token, metadata))
}

async function verifyNow(token: string, metadata: ProviderMetadata) {
  const { apiAudience, clientId, cli, groupsClaim, apiGroupsClaim = groupsClaim, subjectClaim } = identitySettings()
  const ownClients = cli ? [clientId, cli.clientId] : [clientId]
  const headerType = headerTypeOf(token)
  const options = {
    issuer: metadata.issuer,
    audience: apiAudience,
    algorithms: asymmetricAlgorithms,
    clockTolerance: clockToleranceMs / 1000,
    requiredClaims: ['sub', 'exp', 'iat'],
  }
  const { payload } = await jwtVerify(token, keysOf(metadata), options).catch((error: unknown) => {
    // The signature was valid. An ID token usually has another audience, and its own sentence helps more.
    const hasOtherAudience = error instanceof errors.JWTClaimValidationFailed && error.claim === 'aud'
    throw hasOtherAudience && isIdToken(error.payload, headerType, ownClients) ? new IdTokenSent() : error
  })
  if (isIdToken(payload, headerType, ownClients)) throw new IdTokenSent()
  if (!isAccessTokenType(headerType) || !isAccessTokenType(payload.typ ?? 'bearer'))
    throw new errors.JWTInvalid('not an access token')
  const issuedAt = new Date((payload.iat ?? 0) * 1000)
  if (issuedAt.getTime() > Date.now() + clockToleranceMs) throw new errors.JWTInvalid('issued in the future')
  const claimed = identityFrom(payload, { groupsClaim: apiGroupsClaim, subjectClaim })
  // Where both clients are one, no token tells the pages from the terminal.
  const isTerminal = cli !== undefined && cli.clientId !== clientId && isFromOwnClient(payload, [cli.clientId])
  const verified: Verified = { claimed, issuedAt, isOwn: isFromOwnClient(payload, ownClients), isTerminal }
  return { verified, acceptedUntil: (payload.exp ?? 0) * 1000 + clockToleranceMs }
}

type FoundPerson = Awaited<ReturnType<typeof findPerson>>

/** Does the token say anything about the person that the record must take over? */
function isNews({ claimed, issuedAt, isOwn }: Verified, known: FoundPerson): boolean {
  if (!isOwn || claimed.groups === undefined) return false
  if (!known || issuedAt > known.groupsAt) return true
  const isSameTime = issuedAt.getTime() === known.groupsAt.getTime()
  if (isSameTime && inBoth(known.person.groups, claimed.groups).length < known.person.groups.length) return true
  const { email = null, emailVerified } = claimed
  return verifiedEmails({ ...known.person, email, emailVerified }).some(
    (verified) => !known.person.knownEmails.includes(verified),
  )
}

/**
 * The record of the person that a token names, after the token. Only a token of Postern's own clients changes it,
 * and its groups only if it is not older than the record: another client's token may list other groups, and an older
 * one groups that the person has since lost.
 */
async function recordedPerson(token: Verified, origin: Origin): Promise<Person> {
  const { claimed, issuedAt } = token
  const { issuer } = identitySettings()
  const found = await findPerson(issuer, claimed.subject)
  const known = found?.signatureFailure ? null : found
  if (known && !isNews(token, known)) return known.person
  return transaction(async (tx) => {
    if (found?.signatureFailure) {
      const actor = { kind: 'system', component: 'sign-in', origin: { ...origin, via: 'system' } } as const
      const about = { personId: found.person.id }
      await recordEvent(tx, { type: 'record.rejected', actor, data: found.signatureFailure, about })
    } else if (isNews(token, known)) {
      return recordPerson(tx, { claimed, at: issuedAt, known: known?.person, method: 'bearer' }, origin)
    }
    // Nothing about them is known for sure: they are new, or the groups that they have lost are unknown because the
    // stored record is not valid. They have no groups and no address until the next sign-in or newer token.
    const { subject, name, username } = claimed
    const unconfirmed = { email: null, emailVerified: false, groups: [], name: name ?? username ?? subject }
    const at = found ? new Date() : new Date(0)
    return (await upsertPerson(tx, { issuer, subject, ...unconfirmed }, at)).person
  })
}

/** The person that a verified token names, with the groups that both the token and the record list. */
async function personFor(token: Verified, origin: Origin): Promise<Person> {
  reportMissingGroups(token.claimed, 'bearer', origin)
  const recorded = await recordedPerson(token, origin)
  const { groups = [], groupsProblem = recorded.groupsProblem } = token.claimed
  return { ...recorded, groups: inBoth(groups, recorded.groups), groupsProblem }
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
  // A token without groups was issued for less than its owner may do.
  const caller = verified.claimed.groups ? withOnCall(person) : person
  const { isTerminal } = verified
  return { kind: 'person', person: caller, roles: rolesOf(person), origin: { ...origin, isTerminal } }
}
