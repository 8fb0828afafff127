// Does the API server of a cluster accept tokens that Postern signs? Only Postern can try it, because only it can sign one.
import type { CallApi } from '#lib/api-client/api-call'
import { clusters } from '#lib/api-client/shapes'
import { programName } from '../program-name.ts'
import { UsageError } from '../usage-error.ts'
import type { Finding } from './doctor.ts'

const what = 'token webhook'

/** Milliseconds. A worker tries it every minute. */
const oldAfter = 300_000

/**
 * What Postern says of the token webhook of this cluster; null if it is off there, or if this person may not see it.
 * @throws UsageError if Postern has no such cluster
 */
export async function tokenWebhookFinding(call: CallApi, name: string, now = Date.now()): Promise<Finding | null> {
  const { items } = await call({ path: '/clusters', response: clusters })
  const cluster = items.find((one) => one.name === name)
  if (!cluster) throw new UsageError(`postern.yaml has no cluster ${JSON.stringify(name)}`)
  const { tokenWebhook } = cluster
  if (!tokenWebhook) return null
  const { accepted, probedAt, lastReviewAt, problem, fix } = tokenWebhook
  if (problem) return { what, result: 'problem', detail: problem, ...(fix && { fix }) }
  const isOld = probedAt !== null && now - Date.parse(probedAt) > oldAfter
  if (!accepted || isOld)
    return {
      ...{ what, result: 'problem' },
      detail: isOld ? `Postern last tried it at ${probedAt}` : 'Postern has not tried it yet',
      fix: `Check that a worker of Postern runs and reaches the cluster, and run ${programName} cluster doctor again after a minute.`,
    }
  const last = lastReviewAt ? `, which last sent a TokenReview at ${lastReviewAt}` : ''
  return { what, result: 'ok', detail: `the tokens of Postern are accepted by the API server${last}` }
}
