import type { Difference } from '#lib/access/difference'
import type { Rule } from '#lib/access/rule'
import { reads } from '#lib/db/client'
import { readRights } from '#lib/db/cluster-rights'
import type { RequestRow } from '#lib/db/gather-requests'
import { toPerson } from '#lib/db/people'
import { currentPolicy } from '#lib/policy/current'
import { type Present, presentOf, whoIn } from '#lib/rbac/present'

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
export async function presentOfRequest(row: RequestRow): Promise<Present> {
  if (row.status !== 'pending') return { difference: storedDifference(row), risk: {} }
  const { cluster, namespaces } = row
  const configured = currentPolicy().configuration.clusters.find(({ name }) => name === cluster)
  const seen = await readRights(reads(), cluster)
  const who = whoIn(cluster, configured?.people, toPerson(row.requester))
  return presentOf(cluster, seen, who, { rules: row.rules as Rule[], namespaces, now: new Date() })
}
