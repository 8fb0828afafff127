import {
  findCallGroups,
  findCallSources,
  findCreated,
  findFeed,
  findGrantOfActivity,
  findLastingCalls,
  type GrantOfActivity,
} from '#lib/adapters/db/activity/grant-activity'
import type { CallKind, GrantActivity } from '#lib/core/access/activity-resource'
import type { PersonActor } from '#lib/core/access/actor'
import { notFound } from '#lib/core/access/errors'
import { idSchema } from '#lib/core/access/ids'
import { maySeeActivity } from '#lib/core/access/may-see'

const most = { groups: 200, sources: 50, lasting: 50, created: 50 }

const sum = (numbers: number[]) => numbers.reduce((total, one) => total + one, 0)
const iso = <T extends { firstAt: Date; lastAt: Date }>(row: T) => ({
  ...row,
  firstAt: row.firstAt.toISOString(),
  lastAt: row.lastAt.toISOString(),
})

async function activityOf({ id, cluster, endedAt }: GrantOfActivity): Promise<GrantActivity> {
  const [feed, groups, sources, lasting, created] = await Promise.all([
    findFeed(cluster),
    findCallGroups(id, most.groups + 1),
    findCallSources(id),
    findLastingCalls(id, most.lasting),
    findCreated(id, most.created),
  ])
  const times = sources.map(({ firstAt, lastAt }) => [firstAt.getTime(), lastAt.getTime()])
  const isUsed = sources.length > 0
  return {
    grantId: id,
    cluster,
    feed: feed && {
      firstAt: feed.firstAt.toISOString(),
      newestAt: feed.newestAt.toISOString(),
      receivedAt: feed.receivedAt.toISOString(),
    },
    count: sum(sources.map(({ count }) => count)),
    refused: sum(sources.map(({ refused }) => refused)),
    secrets: sum(sources.map(({ secrets }) => secrets)),
    afterEnd: sum(sources.map(({ afterEnd }) => afterEnd)),
    firstAt: isUsed ? new Date(Math.min(...times.map(([first = 0]) => first))).toISOString() : null,
    lastAt: isUsed ? new Date(Math.max(...times.map(([, last = 0]) => last))).toISOString() : null,
    groups: groups.slice(0, most.groups).map((row) => ({ ...iso(row), kind: row.kind as CallKind })),
    moreGroups: groups.length > most.groups,
    sources: sources.slice(0, most.sources).map(({ refused, secrets, afterEnd, ...row }) => iso(row)),
    lasting: lasting.map((row) => ({
      ...row,
      at: row.at.toISOString(),
      endedAt: row.endedAt?.toISOString() ?? null,
      outlived: endedAt !== null && (row.endedAt === null || row.endedAt.getTime() > endedAt.getTime()),
    })),
    created: created.map((row) => ({ ...row, at: row.at.toISOString() })),
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
