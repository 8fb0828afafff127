import {
  findBindingStates,
  findReadings,
  findRoleStates,
  type ReadingRow,
} from '#lib/adapters/db/clusters/standing-history'
import { currentPolicy } from '#lib/adapters/policy/current'
import type { StandingDuring } from '#lib/core/access/access-at-resource'
import type { AskedAction } from '#lib/core/rbac/could-perform'
import { tooOldMs } from '#lib/core/rbac/current-access'
import { rolesAllowing, standingDuring } from '#lib/core/rbac/standing-during'

const most = 1_000
/** States of objects that are read for one question. */
const mostRead = 20_000
const mostGaps = 20

type Period = { from: Date; to: Date }

/** The times of a period of which the readings of a cluster say nothing: longer than half an hour, or before the first one. */
function notRead(readings: readonly ReadingRow[], { from, to }: Period): Period[] {
  const [first] = readings
  if (!first) return [{ from, to }]
  const gaps = readings.map(({ lastAt }, at) => ({ from: lastAt, to: readings[at + 1]?.firstAt ?? to }))
  return [
    ...(first.firstAt > from ? [{ from, to: first.firstAt }] : []),
    ...gaps
      .filter((gap) => gap.to.getTime() - gap.from.getTime() > tooOldMs)
      .map((gap) => ({ from: gap.from, to: gap.to > to ? to : gap.to })),
  ]
}

/** Who could perform an action by standing RBAC rights as Postern last read them, and how well that is known. No authorization: see `accessDuring`. */
export async function standingAccessDuring(
  action: AskedAction,
  { from, to, cluster, namespace }: Period & { cluster: string | undefined; namespace: string | undefined },
): Promise<StandingDuring> {
  const now = new Date()
  const question = { from, to, cluster, namespace }
  const [roles, readings] = await Promise.all([
    findRoleStates(question, mostRead + 1),
    findReadings(question, mostRead + 1),
  ])
  const allowing = rolesAllowing(roles, action)
  const bindings = await findBindingStates(question, [...new Set(allowing.map(({ key }) => key))], mostRead + 1)
  const items = standingDuring(allowing, bindings, { from, to })
  const byCluster = Map.groupBy(readings, (reading) => reading.cluster)
  const configured = currentPolicy().configuration.clusters.map(({ name }) => name)
  const names = cluster === undefined ? [...new Set([...configured, ...byCluster.keys()])].toSorted() : [cluster]
  const end = to < now ? to : now
  return {
    items: items.slice(0, most).map(({ from, until, ...item }) => {
      return { ...item, from: from.toISOString(), until: until?.toISOString() ?? null }
    }),
    clusters: names.map((name) => {
      const some = byCluster.get(name) ?? []
      const last = some.at(-1)?.lastAt
      const readAt = last && (last < end ? last : end)
      return {
        cluster: name,
        lastReadAt: readAt?.toISOString() ?? null,
        notRead: notRead(some, { from, to: end })
          .slice(0, mostGaps)
          .map((gap) => ({ from: gap.from.toISOString(), to: gap.to.toISOString() })),
      }
    }),
    isComplete: [roles, readings, bindings].every(({ length }) => length <= mostRead) && items.length <= most,
  }
}
