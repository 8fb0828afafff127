import { recordEvent, refuse } from '#lib/adapters/db/audit/audit'
import { transaction } from '#lib/adapters/db/client'
import { lockFinding, postureBindingText, removeAcceptance } from '#lib/adapters/db/clusters/posture'
import { currentPolicy } from '#lib/adapters/policy/current'
import { hasRole, type PersonActor } from '#lib/core/access/actor'
import { AppError, notFound } from '#lib/core/access/errors'
import { seesEverything } from '#lib/core/access/may-see'
import type { PostureWithdrawal, WithdrawalInput } from '#lib/core/access/posture-finding'

/**
 * Withdraws the acceptance of a finding, as an admin: the finding is open again at once. No digest is needed, because that
 * can't hide a risk.
 * @throws AppError `not-found` for people who may not see it, `forbidden` for auditors, `conflict` if the risk is not accepted;
 * each attempt is recorded
 */
export async function withdrawPostureAcceptance(
  actor: PersonActor,
  cluster: string,
  id: string,
  { note }: WithdrawalInput,
): Promise<PostureWithdrawal> {
  const isConfigured = currentPolicy().configuration.clusters.some(({ name }) => name === cluster)
  return transaction(async (tx) => {
    const refuseIt = (error: AppError): Promise<never> =>
      refuse(error, {
        type: 'posture.withdraw-refused',
        actor,
        data: { code: error.code, sentence: error.message, id },
      })
    if (!seesEverything(actor) || !isConfigured) return refuseIt(notFound())
    if (!hasRole(actor, 'admin'))
      return refuseIt(new AppError('forbidden', 'Only an admin can withdraw an acceptance.'))
    const locked = await lockFinding(tx, cluster, id)
    if (!locked) return refuseIt(notFound())
    if (!locked.isAccepted)
      return refuseIt(new AppError('conflict', 'The risk is not accepted now. Read the posture again.'))
    await removeAcceptance(tx, id)
    const { check, severity } = locked.finding
    const data = { id, check, severity, binding: postureBindingText(locked.finding), note }
    await recordEvent(tx, { type: 'posture.acceptance-withdrawn', actor, data, about: { cluster } })
    return { by: actor.person.name, at: locked.now.toISOString() }
  })
}
