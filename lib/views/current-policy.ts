import { currentPolicy } from '#lib/adapters/policy/current'
import type { PersonActor } from '#lib/core/access/actor'
import { hasRole } from '#lib/core/access/actor'
import type { ConfigurationProblem } from '#lib/core/access/configuration-problem'

/** Which configuration judges now, and what became of the last change where it was refused. */
export type CurrentPolicyStatus = {
  version: string
  loadedAt: string
  refused: {
    at: string
    problems: ConfigurationProblem[]
  } | null
}

/**
 * The configuration in force. That a change was refused is for everybody to know; which lines are wrong is for those
 * who may read the whole file anyway: admins.
 */
export async function describeCurrentPolicy(actor: PersonActor): Promise<CurrentPolicyStatus> {
  const { hash, loadedAt, refused } = currentPolicy()
  const problems = hasRole(actor, 'admin') ? (refused?.problems ?? []) : []
  return {
    version: hash,
    loadedAt: loadedAt.toISOString(),
    refused: refused && { at: refused.at.toISOString(), problems },
  }
}
