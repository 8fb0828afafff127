import { randomUUID } from 'node:crypto'
import { errors, jwtVerify, SignJWT } from 'jose'
import { db } from '#lib/adapters/db/client'
import { signingKeys, tokenKeys } from '#lib/adapters/db/signing'
import { grantOfVouchedUser, probeUser, vouchedUserName } from '#lib/core/access/vouched-user'
import { handOverSeconds, vouchedTokenSeconds } from '#lib/core/grants/token-lifetime'
import { type Signed, verifyActivation } from '#lib/core/signing/verify-records'

import { Prisma } from '../generated/client.ts'
import { extensionIsActive } from './extended-grant.ts'

// Tokens that Postern signs itself, for clusters whose token webhook it is (decision record: Postern vouches for its own
// tokens). A signature alone opens nothing: each use is decided by the grant's state in the database.

/** The type in the header: no other token of Postern, or of anyone else, can be taken for one of these (RFC 8725 §3.11). */
const tokenType = 'postern-grant+jwt'
/** The same for tokens that only say that an API server asks Postern. */
const probeType = 'postern-probe+jwt'
/** Seconds. A probe is one call. */
const probeSeconds = 30

/** Whom a token is for: one cluster. The address of the webhook. */
export const audienceOf = (publicUrl: string, cluster: string): string =>
  new URL(`/authenticate/${cluster}`, publicUrl).href

export type TokenOf = { publicUrl: string; cluster: string; grantId: string }

type Signing = { type: string; subject: string; audience: string; publicUrl: string; seconds: number }

async function sign({ type, subject, audience, publicUrl, seconds }: Signing) {
  const [key] = tokenKeys()
  if (!key) throw new Error('there is no key for tokens')
  const jti = randomUUID()
  const issuedAt = Math.floor(Date.now() / 1000)
  const expires = issuedAt + seconds
  const token = await new SignJWT({})
    .setProtectedHeader({ alg: 'EdDSA', kid: key.id, typ: type })
    .setIssuer(publicUrl)
    .setSubject(subject)
    .setAudience(audience)
    .setIssuedAt(issuedAt)
    .setExpirationTime(expires)
    .setJti(jti)
    .sign(key.privateKey)
  return { token, jti, expiresAt: new Date(expires * 1000) }
}

/** Signs a token for a grant with this much time left, which is not stored. */
export const signGrantToken = (
  { publicUrl, cluster, grantId }: TokenOf,
  secondsLeft: number,
): Promise<{ token: string; jti: string; expiresAt: Date }> =>
  sign({
    ...{ type: tokenType, subject: vouchedUserName(grantId), seconds: vouchedTokenSeconds(secondsLeft) },
    ...{ audience: audienceOf(publicUrl, cluster), publicUrl },
  })

/** Signs a token of a user without any permission, with which Postern tries whether the API server of this cluster asks it. */
export const signProbeToken = ({
  publicUrl,
  cluster,
}: Omit<TokenOf, 'grantId'>): Promise<{ token: string; jti: string }> =>
  sign({
    ...{ type: probeType, subject: probeUser, seconds: probeSeconds },
    ...{ audience: audienceOf(publicUrl, cluster), publicUrl },
  })

/** `foreign`: not a token of Postern at all, as most that an API server sends. `invalid`: one, or an imitation, but not valid. */
export type TokenReading = { valid: true; grantId: string; jti: string } | { valid: false; why: 'foreign' | 'invalid' }

/** Characters. Tokens of Postern have less than half as many. */
const longestToken = 2_048

/** The claims of a token of this type. @throws JOSEError for any other text */
async function verify(type: string, token: string, { publicUrl, cluster }: Omit<TokenOf, 'grantId'>) {
  const keyOf = ({ kid }: { kid?: string }) => {
    const key = tokenKeys().find(({ id }) => id === kid)
    if (!key) throw new errors.JWKSNoMatchingKey()
    return key.publicKey
  }
  const { payload } = await jwtVerify(token, keyOf, {
    algorithms: ['EdDSA'],
    typ: type,
    issuer: publicUrl,
    audience: audienceOf(publicUrl, cluster),
    requiredClaims: ['sub', 'iat', 'exp', 'jti'],
  })
  return payload
}

/** Verifies signature, type, issuer, audience and times of a token. Never throws, whatever the text is. */
export async function readGrantToken(token: string, of: Omit<TokenOf, 'grantId'>): Promise<TokenReading> {
  if (token.length > longestToken) return { valid: false, why: 'foreign' }
  try {
    const { sub = '', jti, aud } = await verify(tokenType, token, of)
    const grantId = grantOfVouchedUser(sub)
    if (typeof jti !== 'string' || typeof aud !== 'string' || grantId === null) return { valid: false, why: 'invalid' }
    return { valid: true, grantId, jti }
  } catch (error) {
    const isForeign = error instanceof errors.JWSInvalid || error instanceof errors.JWTInvalid
    return { valid: false, why: isForeign ? 'foreign' : 'invalid' }
  }
}

/** The `jti` of a probe token; null for any other text. */
export async function readProbeToken(token: string, of: Omit<TokenOf, 'grantId'>): Promise<string | null> {
  try {
    const { sub, jti, aud, iat = 0, exp = Number.POSITIVE_INFINITY } = await verify(probeType, token, of)
    if (sub !== probeUser || typeof jti !== 'string' || typeof aud !== 'string') return null
    // NB: it is not recorded, so a longer one was not signed by Postern.
    return exp - iat <= probeSeconds ? jti : null
  } catch {
    return null
  }
}

type LiveRow = Signed<{
  id: string
  requestId: string
  requesterId: string
  entitlementName: string
  cluster: string
  activatedAt: Date
  expiresAt: Date
}>

/**
 * Is this token, whose signature is valid, one that was issued for an active grant of this cluster, to its holder? Or for one
 * that was extended a moment ago, while programs change to tokens of the extension (decision record: tokens across an extension)? By the
 * database's clock, in one statement by keys. The activation must be signed too: a row alone proves nothing. NB: and the history must
 * have the issue of the token, or else a process that holds the signing key could use a grant without a trace.
 */
export async function isLive(cluster: string, { grantId, jti }: { grantId: string; jti: string }): Promise<boolean> {
  const [row] = await db().$queryRaw<LiveRow[]>`
    SELECT g.id, g.request_id AS "requestId", r.requester_id AS "requesterId", r.entitlement_name AS "entitlementName", g.cluster,
      g.activated_at AS "activatedAt", g.expires_at AS "expiresAt",
      g.signature
    FROM credentials c JOIN grants g ON g.id = c.grant_id JOIN requests r ON r.id = g.request_id
    WHERE c.jti = ${jti} AND g.id = ${grantId} AND g.cluster = ${cluster}
      AND (g.status = 'active' OR g.status = 'ending' AND g.ended_by = 'superseded'
        AND g.ending_at > clock_timestamp() - make_interval(secs => ${handOverSeconds}) AND ${extensionIsActive(Prisma.sql`g.id`)})
      AND c.person_id = r.requester_id AND c.account_uid IS NULL
      AND EXISTS (SELECT FROM audit_events e
        WHERE e.grant_id = g.id AND e.type = 'credential.issued' AND e.data ->> 'jti' = c.jti)
      AND c.expires_at > clock_timestamp() AND g.expires_at > clock_timestamp()`
  return row !== undefined && verifyActivation(signingKeys(), row) === null
}
