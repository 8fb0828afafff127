import { currentPolicy } from '#lib/adapters/policy/current'
import type { PolicyForTrial } from '#lib/adapters/policy/trial'

/** The policy in force as plain data, for a thread to hold another one against. */
export function policyForTrial(): PolicyForTrial {
  const { hash, configuration, calendars } = currentPolicy()
  const { guardrailPack, guardrails, entitlements, clusters } = configuration
  return {
    hash,
    section: { guardrailPack, guardrails },
    calendars,
    surroundings: { entitlements, clusters: clusters.map(({ name, labels }) => ({ name, labels })) },
  }
}

/** The calendars that came with a policy, besides those of the policy in force. */
export const calendarsFor = (sent: Record<string, string>): ReadonlyMap<string, string> =>
  new Map([...currentPolicy().calendars, ...Object.entries(sent)])
