import { reads } from '#lib/adapters/db/client'
import { readRights } from '#lib/adapters/db/clusters/cluster-rights'
import type { ServedResource } from '#lib/core/rbac/cluster-rights'

/**
 * What these clusters serve together, for reading a pasted text. Null where it is not known of each of them, because then
 * a missing kind means nothing. NB: the caller passes only clusters that the reader may request access to.
 */
export async function servedBy(clusters: readonly string[]): Promise<ServedResource[] | null> {
  const all = await Promise.all([...new Set(clusters)].map((cluster) => readRights(reads(), cluster)))
  const served = all.map(({ rights }) => rights?.served ?? null)
  if (served.length === 0 || served.some((one) => one === null || one.unsureGroups.length > 0)) return null
  return served.flatMap((one) => one?.resources ?? [])
}
