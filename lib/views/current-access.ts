import { reads } from '#lib/adapters/db/client'
import { readRights } from '#lib/adapters/db/clusters/cluster-rights'
import { toPerson } from '#lib/adapters/db/people/people'
import type { RequestRow } from '#lib/adapters/db/requests/gather-requests'
import { currentPolicy } from '#lib/adapters/policy/current'
import type { Difference } from '#lib/core/access/difference'
import type { Rule } from '#lib/core/access/rule'
import { type CurrentAccess, currentAccessOf, whoIn } from '#lib/core/rbac/current-access'

/** The difference as of the last approval, or else as of the submission. */
function storedDifference({ decisions, difference }: RequestRow): Difference {
  const approved = decisions.findLast(({ decision }) => decision === 'approve')
  const stored = (approved?.difference ?? difference) as Difference | null
  return stored ?? { known: false, why: 'It was not known when this request was decided.' }
}

/**
 * What a request would add to the requester's current access. While it is pending, by the last reading of the cluster;
 * afterwards by what was stored with its decision, because later changes of the requester's rights do not matter to it.
 */
export async function currentAccessOfRequest(row: RequestRow): Promise<CurrentAccess> {
  if (row.status !== 'pending') return { difference: storedDifference(row), risk: {} }
  const { cluster, namespaces } = row
  const configured = currentPolicy().configuration.clusters.find(({ name }) => name === cluster)
  const rights = await readRights(reads(), cluster)
  const who = whoIn(cluster, configured?.people, toPerson(row.requester))
  return currentAccessOf(cluster, rights, who, { rules: row.rules as Rule[], namespaces, now: new Date() })
}
