import { currentPolicy } from '#lib/adapters/policy/current'
import type { PersonActor } from '#lib/core/access/actor'
import { hasRole } from '#lib/core/access/actor'
import type { ConfigurationProblem } from '#lib/core/access/configuration-problem'

/** The configuration in force, and what was wrong with the last change if it was refused. */
export type CurrentPolicyStatus = {
  version: string
  loadedAt: string
  refused: {
    at: string
    problems: ConfigurationProblem[]
  } | null
}

/**
 * The version in force, and whether a later change was refused. Everyone learns that it was refused; only admins, who may
 * read the whole file, learn which lines are wrong.
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
