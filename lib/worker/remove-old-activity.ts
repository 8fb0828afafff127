import { removeOldCalls } from '#lib/adapters/db/activity/remove-old-calls'
import { removeOldStanding } from '#lib/adapters/db/clusters/standing-history'
import { currentPolicy } from '#lib/adapters/policy/current'
import { workerActor } from './work.ts'

/** Steps in one round, so that a large backlog takes no time from other work. */
const mostSteps = 10

/** Removes calls, and states of RBAC objects, that are older than `activity.keep`, a bounded number at a time. */
export async function removeOldActivity(signal: AbortSignal): Promise<void> {
  const actor = workerActor()
  const { keep } = currentPolicy().configuration.activity
  for (let step = 0; step < mostSteps && !signal.aborted && (await removeOldCalls(actor, keep)); step++);
  for (let step = 0; step < mostSteps && !signal.aborted && (await removeOldStanding(actor)); step++);
}
