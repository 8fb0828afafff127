import { recordEvent, refuse } from '#lib/adapters/db/audit/audit'
import { transaction } from '#lib/adapters/db/client'
import { lockPosture, saveBaseline } from '#lib/adapters/db/clusters/posture'
import { currentPolicy } from '#lib/adapters/policy/current'
import { hasRole, type PersonActor } from '#lib/core/access/actor'
import { AppError, notFound } from '#lib/core/access/errors'
import { seesEverything } from '#lib/core/access/may-see'
import type { BaselineInput } from '#lib/core/access/posture-finding'

/**
 * Takes what the caller saw as the baseline of a cluster, as an admin: what was found or changed later is new.
 * @throws AppError `not-found` for people who may not see it, `forbidden` for auditors, `conflict` for a time at which nothing
 * was judged, or before the present baseline; each attempt is recorded
 */
export async function takePostureBaseline(
  actor: PersonActor,
  cluster: string,
  { judgedAt }: BaselineInput,
): Promise<{ at: string; by: string }> {
  const isConfigured = currentPolicy().configuration.clusters.some(({ name }) => name === cluster)
  return transaction(async (tx) => {
    const refuseIt = (error: AppError): Promise<never> => {
      const data = { code: error.code, sentence: error.message }
      return refuse(error, { type: 'posture.baseline-refused', actor, data })
    }
    if (!seesEverything(actor) || !isConfigured) return refuseIt(notFound())
    if (!hasRole(actor, 'admin')) return refuseIt(new AppError('forbidden', 'Only an admin can take a baseline.'))
    const state = await lockPosture(tx, cluster)
    if (!state) return refuseIt(new AppError('conflict', 'The standing access of this cluster has not been read yet.'))
    if (judgedAt > state.judgedAt)
      return refuseIt(new AppError('conflict', 'Nothing was read at this time. Use judgedAt of the posture.'))
    if (judgedAt < state.baselineAt)
      return refuseIt(new AppError('conflict', 'Someone has taken a later baseline. Read the posture again.'))
    const by = actor.person.name
    const at = judgedAt.toISOString()
    const count = await saveBaseline(tx, cluster, judgedAt, by)
    const data = { judgedAt: at, ...count }
    await recordEvent(tx, { type: 'posture.baseline-taken', actor, data, about: { cluster } })
    return { at, by }
  })
}
