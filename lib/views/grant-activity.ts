import {
  findCallGroups,
  findCallSources,
  findCreated,
  findFeed,
  findGrantOfActivity,
  findLastingCalls,
  findTotals,
  type GrantOfActivity,
} from '#lib/adapters/db/activity/grant-activity'
import type { CallKind, GrantActivity } from '#lib/core/access/activity-resource'
import type { PersonActor } from '#lib/core/access/actor'
import { notFound } from '#lib/core/access/errors'
import { idSchema } from '#lib/core/access/ids'
import { maySeeActivity } from '#lib/core/access/may-see'

const most = { groups: 200, sources: 50, lasting: 50, created: 50 }

const iso = <T extends { firstAt: Date; lastAt: Date }>(row: T) => ({
  ...row,
  firstAt: row.firstAt.toISOString(),
  lastAt: row.lastAt.toISOString(),
})

async function activityOf({ id, cluster, endedAt }: GrantOfActivity): Promise<GrantActivity> {
  const [feed, totals, groups, sources, lasting, created] = await Promise.all([
    findFeed(cluster),
    findTotals(id),
    findCallGroups(id, most.groups + 1),
    findCallSources(id, most.sources + 1),
    findLastingCalls(id, most.lasting + 1),
    findCreated(id, most.created + 1),
  ])
  return {
    grantId: id,
    cluster,
    feed: feed && {
      firstAt: feed.firstAt.toISOString(),
      newestAt: feed.newestAt.toISOString(),
      receivedAt: feed.receivedAt.toISOString(),
      removedBefore: feed.removedBefore?.toISOString() ?? null,
    },
    ...totals,
    firstAt: totals.firstAt?.toISOString() ?? null,
    lastAt: totals.lastAt?.toISOString() ?? null,
    groups: groups.slice(0, most.groups).map((row) => ({ ...iso(row), kind: row.kind as CallKind })),
    moreGroups: groups.length > most.groups,
    sources: sources.slice(0, most.sources).map(iso),
    moreSources: sources.length > most.sources,
    lasting: lasting.slice(0, most.lasting).map((row) => ({
      ...row,
      at: row.at.toISOString(),
      endedAt: row.endedAt?.toISOString() ?? null,
      outlived: endedAt !== null && (row.endedAt === null || row.endedAt.getTime() > endedAt.getTime()),
    })),
    moreLasting: lasting.length > most.lasting,
    created: created.slice(0, most.created).map((row) => ({ ...row, at: row.at.toISOString() })),
    moreCreated: created.length > most.created,
  }
}

/**
 * What was done with a grant, from the audit events of its cluster.
 * @throws AppError `not-found` for everyone but its holder, auditors and admins
 */
export async function grantActivity(actor: PersonActor, id: string): Promise<GrantActivity> {
  const grant = idSchema('grant').safeParse(id).success ? await findGrantOfActivity(id) : null
  if (!grant || !maySeeActivity(actor, grant)) throw notFound()
  return activityOf(grant)
}
