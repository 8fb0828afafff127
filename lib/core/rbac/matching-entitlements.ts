// The entitlements that would grant what someone needs, in one order for every page that suggests them.
import type { EntitlementResource } from '#lib/core/access/entitlement-resource'
import type { Rule } from '#lib/core/access/rule'
import { countQuestions } from './breakdown.ts'
import { covers } from './covers.ts'

/** The rules that someone needs in each of the namespaces; no namespaces where these are not known yet. */
export type Needed = { rules: readonly Rule[]; namespaces: readonly string[] }

export type EntitlementMatch = {
  entitlement: EntitlementResource
  /** The clusters in which it covers all of the namespaces. */
  clusters: string[]
  /** The part of the rules that it would grant, and the part that it would not. */
  granted: Rule[]
  missing: Rule[]
}

const approvers = ({ approvals }: EntitlementResource) => approvals.reduce((sum, { count }) => sum + count, 0)

/** How much an entitlement would grant beyond what is needed. A ceiling grants only what is requested. */
const breadth = ({ kind, rules }: EntitlementResource) => (kind === 'ceiling' ? 0 : countQuestions(rules, ['']))

function matchOf(entitlement: EntitlementResource, needed: Needed): EntitlementMatch | undefined {
  const missing = covers(entitlement.rules, needed.rules).uncovered
  const granted = covers(missing, needed.rules).uncovered
  const clusters = entitlement.clusters
    .filter(({ namespaces }) => needed.namespaces.every((name) => namespaces.includes(name)))
    .map(({ name }) => name)
  return granted.length > 0 && clusters.length > 0 ? { entitlement, clusters, granted, missing } : undefined
}

/**
 * The entitlements that would grant at least a part of what is needed, in all of its namespaces. Those that miss least
 * come first, then those that need the fewest approvers, then those that grant least beyond it.
 */
export const matchingEntitlements = (all: readonly EntitlementResource[], needed: Needed): EntitlementMatch[] =>
  all
    .flatMap((entitlement) => matchOf(entitlement, needed) ?? [])
    .sort(
      (a, b) =>
        a.missing.length - b.missing.length ||
        approvers(a.entitlement) - approvers(b.entitlement) ||
        breadth(a.entitlement) - breadth(b.entitlement) ||
        (a.entitlement.name < b.entitlement.name ? -1 : 1),
    )

/** The path of the request form for an entitlement, with everything that is known filled in. */
export function requestPath(
  { name, kind, rules }: EntitlementResource,
  needed: Needed = { rules: [], namespaces: [] },
  cluster: string | null = null,
): string {
  const isChosen = kind === 'ceiling' && needed.rules.length > 0 && covers(rules, needed.rules).covered
  const fields = {
    entitlement: name,
    ...(cluster ? { cluster } : {}),
    ...(needed.namespaces.length ? { namespaces: needed.namespaces.join(',') } : {}),
    ...(isChosen ? { rules: JSON.stringify(needed.rules) } : {}),
  }
  return `/requests/new?${new URLSearchParams(fields)}`
}
