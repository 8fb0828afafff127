import { currentPolicy } from '#lib/adapters/policy/current'
import type { PolicyForTrial } from '#lib/adapters/policy/trial'

/** The current policy as plain data, for the thread that compares another one with it. */
export function policyForTrial(): PolicyForTrial {
  const { hash, configuration, calendars } = currentPolicy()
  const { guardrailPack, guardrails, risks, entitlements, clusters, owners, managers, ownerLabels } = configuration
  return {
    hash,
    section: { guardrailPack, guardrails, risks },
    calendars,
    surroundings: {
      ...{ entitlements, clusters: clusters.map(({ name, labels }) => ({ name, labels })) },
      ...{ owners, managers, ownerLabels },
    },
  }
}

/** The calendars that were sent with a policy, in addition to those of the current one. */
export const calendarsFor = (sent: Record<string, string>): ReadonlyMap<string, string> =>
  new Map([...currentPolicy().calendars, ...Object.entries(sent)])
