// What a token for a Kubernetes API server says about itself. Nothing is verified here: only the cluster knows its keys and
// whether the account still exists.
import { z } from 'zod'
import { durationInWords } from '#lib/core/access/duration'
import { grantsNamespace } from '#lib/core/access/namespaces'
import { grantOfVouchedUser } from '#lib/core/access/vouched-user'

const named = z.object({ name: z.string(), uid: z.string().optional() })
const claimsSchema = z.looseObject({
  iss: z.string().optional(),
  sub: z.string().optional(),
  aud: z.union([z.string(), z.array(z.string())]).optional(),
  exp: z.number().optional(),
  nbf: z.number().optional(),
  iat: z.number().optional(),
  jti: z.string().optional(),
  'kubernetes.io': z
    .looseObject({
      namespace: z.string().optional(),
      serviceaccount: named.optional(),
      pod: named.optional(),
      node: named.optional(),
      secret: named.optional(),
    })
    .optional(),
  // Tokens in Secrets, from before Kubernetes 1.24.
  'kubernetes.io/serviceaccount/secret.name': z.string().optional(),
})
const headerSchema = z.looseObject({ alg: z.string(), kid: z.string().optional(), typ: z.string().optional() })

export type TokenInspection = {
  header: Record<string, unknown>
  claims: Record<string, unknown>
  /** The claims in words, one sentence each. */
  sentences: string[]
  /** The grant whose ServiceAccount it names; null if it is not in the namespace of the grants. */
  grantId: string | null
  /** Why an API server would refuse it, as far as the token itself shows. */
  refusals: string[]
  /** What is unsafe about it although it may be accepted. */
  warnings: string[]
}

export type Expected = { audience?: string | undefined; issuer?: string | undefined }

/** API servers accept a token for a minute after its end, because clocks differ. */
const leewaySeconds = 60
/** A token that is valid for longer should have been requested again instead. */
const longSeconds = 86_400

function jsonOf(part: string | undefined): unknown {
  try {
    return JSON.parse(Buffer.from(part ?? '', 'base64url').toString('utf8'))
  } catch {
    return undefined
  }
}

const ago = (seconds: number) => durationInWords(Math.max(1, Math.round(seconds)))

/** @returns null if the text is not a JSON Web Token */
export function inspectToken(token: string, now: Date, expected: Expected = {}): TokenInspection | null {
  const parts = token.split('.')
  if (parts.length !== 3) return null
  const header = headerSchema.safeParse(jsonOf(parts[0])).data
  const claims = claimsSchema.safeParse(jsonOf(parts[1])).data
  if (!header || !claims) return null
  const { iss, sub, exp, nbf, iat, jti } = claims
  const audiences = [claims.aud ?? []].flat()
  const at = now.getTime() / 1000
  const bound = claims['kubernetes.io'] ?? {}
  const account = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(sub ?? '')
  const grant = account?.[1] === grantsNamespace ? /^postern-([0-9a-hjkmnp-tv-z]{26})$/.exec(account[2] ?? '') : null
  const grantId = grant ? `grt_${grant[1]}` : grantOfVouchedUser(sub ?? '')
  const legacySecret = claims['kubernetes.io/serviceaccount/secret.name']
  const objects = (['pod', 'node', 'secret'] as const).flatMap((kind) =>
    bound[kind] ? [`${kind} ${bound[kind].name}`] : [],
  )
  const sentences = [
    iss && `It was issued by ${iss}.`,
    account ? `It is for the ServiceAccount ${account[2]} in ${account[1]}.` : sub && `It is for ${sub}.`,
    audiences.length > 0 && `It is meant for ${audiences.join(', ')}.`,
    iat !== undefined && iat <= at && `It was issued ${ago(at - iat)} ago.`,
    exp !== undefined && exp > at && `It expires in ${ago(exp - at)}.`,
    objects.length > 0 && `It is valid only while this exists: ${objects.join(', ')}.`,
    jti && `Its audit ID is ${jti}.`,
    grant && `Its name is that of a ServiceAccount of Postern's grants: grt_${grant[1]}.`,
    grantId &&
      !grant &&
      `Its name is that of a user for whom Postern vouches: ${grantId}. Its cluster accepts it only while Postern confirms it.`,
  ]
  const refusals = [
    header.alg === 'none' && 'It has no signature.',
    /^HS/.test(header.alg) && 'Its signature uses a shared secret, which API servers do not accept.',
    exp !== undefined && at > exp + leewaySeconds && `It expired ${ago(at - exp)} ago.`,
    nbf !== undefined && nbf > at + leewaySeconds && `It is not valid for another ${ago(nbf - at)}.`,
    expected.issuer !== undefined && iss !== expected.issuer && `Its issuer is not ${expected.issuer}.`,
    expected.audience !== undefined &&
      !audiences.includes(expected.audience) &&
      `Its audience does not include ${expected.audience}.`,
  ]
  const warnings = [
    exp === undefined && 'It never expires.',
    legacySecret && `It is stored in the Secret ${legacySecret}: anyone who can read that has it.`,
    exp !== undefined && iat !== undefined && exp - iat > longSeconds && `It is valid for ${ago(exp - iat)}.`,
  ]
  const texts = (some: readonly (string | false | null | undefined)[]) =>
    some.filter((text) => typeof text === 'string' && text !== '') as string[]
  return {
    ...{ header, claims, grantId },
    ...{ sentences: texts(sentences), refusals: texts(refusals), warnings: texts(warnings) },
  }
}
