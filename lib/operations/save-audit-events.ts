import { type Saved, saveActivity } from '#lib/adapters/db/activity/save-activity'
import type { SystemActor } from '#lib/core/access/actor'
import { readBatch } from '#lib/core/activity/read-batch'

/** Events that are saved at once: a transaction has few seconds. */
const atOnce = 500

/**
 * Saves the audit events of a cluster. Once it resolves, they are committed. If it fails, some of them may be; sending all of
 * them again completes it.
 */
export async function saveAuditEvents(actor: SystemActor, cluster: string, events: readonly unknown[]): Promise<Saved> {
  const total: Saved = { kept: 0, counted: 0, duplicates: 0, rejected: 0 }
  for (let from = 0; from < events.length; from += atOnce) {
    const saved = await saveActivity(actor, readBatch(cluster, events.slice(from, from + atOnce)))
    for (const key of Object.keys(total) as Array<keyof Saved>) total[key] += saved[key]
  }
  return total
}
