import { countArrived, countCalls, findRejections } from '#lib/adapters/db/activity/find-calls'
import { findFeeds } from '#lib/adapters/db/activity/grant-activity'
import { callsRemovedBefore } from '#lib/adapters/db/activity/remove-old-calls'
import type { CallFilter } from '#lib/core/access/activity-resource'
import type { PersonActor } from '#lib/core/access/actor'
import { notFound } from '#lib/core/access/errors'
import { seesEverything } from '#lib/core/access/may-see'
import { listActivity } from './list-activity.ts'

const most = { counted: 10, changes: 20, rejections: 10 }

/**
 * What happened in the clusters in a time: who called most, what was refused, which access was changed, who read secrets.
 * @throws AppError `not-found` for everyone but auditors and admins
 */
export async function activitySummary(actor: PersonActor, filter: Pick<CallFilter, 'cluster' | 'from' | 'to'>) {
  if (!seesEverything(actor)) throw notFound()
  const [
    accounts,
    verbs,
    refusals,
    secrets,
    failures,
    rbac,
    admission,
    tokens,
    arrived,
    feeds,
    rejections,
    removedBefore,
  ] = await Promise.all([
    countCalls(filter, ['account'], most.counted),
    countCalls(filter, ['verb'], most.counted),
    countCalls({ ...filter, refused: 'yes' }, ['account', 'verb', 'resource', 'namespace', 'code'], most.counted),
    countCalls({ ...filter, kind: 'secret' }, ['account', 'namespace', 'name'], most.counted),
    countCalls({ ...filter, kind: 'authentication' }, ['address', 'account', 'code'], most.counted),
    listActivity(actor, { ...filter, kind: 'rbac', limit: most.changes }),
    listActivity(actor, { ...filter, kind: 'admission', limit: most.changes }),
    listActivity(actor, { ...filter, kind: 'token', limit: most.changes }),
    countArrived(filter),
    findFeeds(),
    findRejections(filter, most.rejections),
    callsRemovedBefore(),
  ])
  return {
    ...{ accounts, verbs, refusals, secrets, failures, arrived },
    rbac: rbac.items,
    admission: admission.items,
    tokens: tokens.items,
    feeds: feeds.map(({ cluster, newestAt }) => ({ cluster, newestAt: newestAt.toISOString() })),
    removedBefore: removedBefore?.toISOString() ?? null,
    rejections: rejections.map(({ id, cluster, receivedAt, reason }) => {
      return { id: String(id), cluster, reason, at: receivedAt.toISOString() }
    }),
  }
}
