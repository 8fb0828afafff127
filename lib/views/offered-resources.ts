import { reads } from '#lib/adapters/db/client'
import { readRights } from '#lib/adapters/db/clusters/cluster-rights'
import type { EntitlementResource } from '#lib/core/access/entitlement-resource'
import { mergedOffers, type Offer, offeredResources } from '#lib/core/rbac/offered-resources'

/**
 * The resources and verbs that a requester may choose from in each cluster of an entitlement; none if its rules are fixed.
 * NB: the caller passes only an entitlement that the reader may request.
 */
export async function offersOf({ kind, rules, clusters }: EntitlementResource): Promise<Offer[]> {
  if (kind !== 'ceiling') return []
  const byCluster = clusters.map(async ({ name }) => {
    const { rights } = await readRights(reads(), name)
    return [name, offeredResources(rules, rights?.served ?? null)] as const
  })
  return mergedOffers(new Map(await Promise.all(byCluster)))
}
