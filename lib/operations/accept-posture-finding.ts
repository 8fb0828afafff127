import { recordEvent, refuse } from '#lib/adapters/db/audit/audit'
import { transaction } from '#lib/adapters/db/client'
import { lockFinding, postureBindingText, saveAcceptance } from '#lib/adapters/db/clusters/posture'
import { currentPolicy } from '#lib/adapters/policy/current'
import { hasRole, type PersonActor } from '#lib/core/access/actor'
import { AppError, notFound } from '#lib/core/access/errors'
import { seesEverything } from '#lib/core/access/may-see'
import type { AcceptanceInput, PostureAcceptance } from '#lib/core/access/posture-finding'

/** Why this end can't be chosen; undefined if it can. */
function whyNotUntil(until: Date, now: Date, longestSeconds: number): string | undefined {
  if (until <= now) return 'must be in the future'
  const latest = new Date(now.getTime() + longestSeconds * 1000)
  return until > latest ? `must be no later than ${latest.toISOString().slice(0, 16)}Z` : undefined
}

/**
 * Accepts the risk of a finding until a date, as an admin. The finding stays in the list of accepted ones, and comes back
 * after that date or as soon as it says something else. A second acceptance replaces the first.
 * @throws AppError `not-found` for people who may not see it, `forbidden` for auditors, `digest-mismatch` if the finding has
 * changed since the caller saw it, `invalid` (the end); each attempt is recorded
 */
export async function acceptPostureFinding(
  actor: PersonActor,
  cluster: string,
  id: string,
  { digest, reason, owner, until }: AcceptanceInput,
): Promise<PostureAcceptance> {
  const { clusters, posture } = currentPolicy().configuration
  const isConfigured = clusters.some(({ name }) => name === cluster)
  return transaction(async (tx) => {
    const refuseIt = (error: AppError): Promise<never> =>
      refuse(error, { type: 'posture.accept-refused', actor, data: { code: error.code, sentence: error.message, id } })
    if (!seesEverything(actor) || !isConfigured) return refuseIt(notFound())
    if (!hasRole(actor, 'admin')) return refuseIt(new AppError('forbidden', 'Only an admin can accept a risk.'))
    const locked = await lockFinding(tx, cluster, id)
    if (!locked) return refuseIt(notFound())
    if (locked.digest !== digest)
      return refuseIt(new AppError('digest-mismatch', 'The finding has changed since you read it. Read it again.'))
    const why = whyNotUntil(until, locked.now, posture.longestAcceptance)
    if (why)
      return refuseIt(
        new AppError('invalid', `The end of the acceptance ${why}.`, { errors: [{ pointer: '/until', message: why }] }),
      )
    const acceptance = {
      ...{ reason, owner, until: until.toISOString() },
      ...{ by: actor.person.name, at: locked.now.toISOString() },
    }
    await saveAcceptance(tx, id, acceptance)
    const { check, severity } = locked.finding
    const data = {
      id,
      check,
      severity,
      binding: postureBindingText(locked.finding),
      reason,
      owner,
      until: acceptance.until,
    }
    await recordEvent(tx, { type: 'posture.accepted', actor, data, about: { cluster } })
    return acceptance
  })
}
