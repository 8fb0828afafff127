import { reads } from '#lib/adapters/db/client'
import { readRights } from '#lib/adapters/db/clusters/cluster-rights'
import { toPerson } from '#lib/adapters/db/people/people'
import type { RequestRow } from '#lib/adapters/db/requests/gather-requests'
import { currentPolicy } from '#lib/adapters/policy/current'
import type { Difference } from '#lib/core/access/difference'
import type { Rule } from '#lib/core/access/rule'
import { type CurrentAccess, currentAccessOf, whoIn } from '#lib/core/rbac/current-access'

/** What it was judged by when it was last said yes to, or else when it was asked. */
function storedDifference({ decisions, difference }: RequestRow): Difference {
  const approved = decisions.findLast(({ decision }) => decision === 'approve')
  const stored = (approved?.difference ?? difference) as Difference | null
  return stored ?? { known: false, why: 'It was not known when this was decided.' }
}

/**
 * What the live cluster says about a request. While somebody may still decide it, as of the last reading; afterwards what
 * it was judged by, because the requester's rights of today are no part of that any more.
 */
export async function currentAccessOfRequest(row: RequestRow): Promise<CurrentAccess> {
  if (row.status !== 'pending') return { difference: storedDifference(row), risk: {} }
  const { cluster, namespaces } = row
  const configured = currentPolicy().configuration.clusters.find(({ name }) => name === cluster)
  const seen = await readRights(reads(), cluster)
  const who = whoIn(cluster, configured?.people, toPerson(row.requester))
  return currentAccessOf(cluster, seen, who, { rules: row.rules as Rule[], namespaces, now: new Date() })
}
