import { z } from 'zod'
import { originOfRequest } from '#lib/adapters/auth/actor-of-request'
import { isTokenReviewer } from '#lib/adapters/auth/api-server-caller'
import { networkOf, takeCall } from '#lib/adapters/auth/rate-limit'
import { readBody } from '#lib/adapters/auth/read-body'
import { noteTokenReview } from '#lib/adapters/db/clusters/token-review-times'
import { isLive, readGrantToken, readProbeToken } from '#lib/adapters/db/grants/grant-tokens'
import { currentPolicy } from '#lib/adapters/policy/current'
import { AppError } from '#lib/core/access/errors'
import { credentialIdKey, probeUser, vouchedGroup, vouchedUserName } from '#lib/core/access/vouched-user'
import { labels } from '#lib/core/grants/names'
import { env } from '#lib/env'
import { log } from '#lib/observability/log'
import { metrics } from '#lib/observability/metrics'
import type { Handler } from './handle.ts'
import { apiHeaders, problemOf, publicError } from './problem.ts'
import { parseBody } from './read-input.ts'
import { unlessUnavailable } from './unless-unavailable.ts'

/** Bytes. The token of a TokenReview is at most a header of the API server's caller. */
const longestReview = 64 * 1024

/** NB: not strict: an API server of another version may send more. Its audiences are its own business, see `reviewOf`. */
const tokenReview = z.object({
  apiVersion: z.enum(['authentication.k8s.io/v1', 'authentication.k8s.io/v1beta1']),
  kind: z.literal('TokenReview'),
  spec: z.object({ token: z.string() }),
})
type ApiVersion = z.infer<typeof tokenReview>['apiVersion']

type Reviewed = { outcome: 'accepted' | 'probe' | 'foreign' | 'refused'; status: object }

const refused = { authenticated: false }

/** How the API server notes the ID of a token, as for its own. */
const tokenIdIn = (jti: string) => ({ [credentialIdKey]: [`JTI=${jti}`] })

/**
 * Who the holder of this token is. Audiences are left out of the answer, so that the API server accepts it as a token for
 * itself and for no one else (TokenReview, `status.audiences`).
 */
async function reviewOf(cluster: string, token: string, reference: string): Promise<Reviewed> {
  const { publicUrl } = currentPolicy().configuration
  const read = await readGrantToken(token, { publicUrl, cluster })
  if (!read.valid) {
    if (read.why === 'foreign') return { outcome: 'foreign', status: refused }
    const probe = await readProbeToken(token, { publicUrl, cluster })
    if (probe === null) return { outcome: 'refused', status: refused }
    const user = { username: probeUser, extra: tokenIdIn(probe) }
    return { outcome: 'probe', status: { authenticated: true, user } }
  }
  const { grantId, jti } = read
  if (!(await unlessUnavailable(isLive(cluster, read)))) {
    log.info({ reference, cluster, grant: grantId, jti }, 'a token of a grant that is not active was refused')
    return { outcome: 'refused', status: refused }
  }
  const user = {
    username: vouchedUserName(grantId),
    uid: grantId,
    groups: [vouchedGroup],
    extra: { [labels.grant]: [grantId], ...tokenIdIn(jti) },
  }
  return { outcome: 'accepted', status: { authenticated: true, user } }
}

const answer = (apiVersion: ApiVersion, status: object, code: number, reference: string) =>
  new Response(JSON.stringify({ apiVersion, kind: 'TokenReview', status }), {
    status: code,
    headers: { ...apiHeaders, 'content-type': 'application/json', 'postern-reference': reference },
  })

/**
 * The webhook token authenticator of clusters that send TokenReviews. The caller is no person: it has
 * the token of its cluster. Every doubt is an answer that authenticates no one. A process with `POSTERN_ROLE=web` vouches for
 * no one, because an API server believes every name in the answer.
 */
export const reviewToken: Handler = async (request, context) => {
  const origin = originOfRequest(request)
  const { reference } = origin
  const began = performance.now()
  let known: { cluster: string; apiVersion: ApiVersion } | undefined
  try {
    const cluster = String((await context.params).cluster)
    if (env().role === 'web' || !(await isTokenReviewer(cluster, request.headers.get('authorization')))) {
      takeCall('unauthenticated', networkOf(origin.clientAddress))
      const sentence =
        'This is for the API server of a cluster with webhookAuthentication. Send the token of its tokenFile as a bearer token.'
      throw new AppError('unauthenticated', sentence)
    }
    const body = new TextDecoder().decode(await readBody(request, longestReview))
    const { apiVersion, spec } = parseBody(body, tokenReview)
    known = { cluster, apiVersion }
    noteTokenReview(cluster)
    const { outcome, status } = await reviewOf(cluster, spec.token, reference)
    metrics().tokenReviews.observe({ cluster, outcome }, (performance.now() - began) / 1000)
    return answer(apiVersion, status, 200, reference)
  } catch (thrown) {
    const error = publicError(thrown)
    if (error.code === 'internal' || error.code === 'unavailable')
      log.error({ reference, err: thrown }, 'a token could not be reviewed')
    if (!known) return problemOf(error, reference)
    metrics().tokenReviews.observe({ cluster: known.cluster, outcome: 'failed' }, (performance.now() - began) / 1000)
    // An error in the answer keeps the API server from remembering it.
    return answer(known.apiVersion, { ...refused, error: error.message }, 503, reference)
  }
}
