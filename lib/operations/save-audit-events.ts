import { isOpenImport } from '#lib/adapters/db/activity/audit-imports'
import { saveActivity } from '#lib/adapters/db/activity/save-activity'
import type { SavedEvents } from '#lib/core/access/activity-resource'
import type { SystemActor } from '#lib/core/access/actor'
import { AppError } from '#lib/core/access/errors'
import { readBatch } from '#lib/core/activity/read-batch'

/** Events that are saved at once: a transaction has few seconds. */
const atOnce = 500

/**
 * Saves the audit events of a cluster. Once it resolves, they are committed. If it fails, some of them may be; sending all of
 * them again completes it.
 * @throws AppError `conflict` for an import that is not one of this cluster, or that started more than a day ago
 */
export async function saveAuditEvents(
  actor: SystemActor,
  cluster: string,
  events: readonly unknown[],
  importId?: string,
): Promise<SavedEvents> {
  if (importId !== undefined && !(await isOpenImport(cluster, importId)))
    throw new AppError('conflict', 'No such import of this cluster was started in the last 24 hours. Start it again.')
  const total = { kept: 0, counted: 0, duplicates: 0, rejected: 0 }
  const times: number[] = []
  for (let from = 0; from < events.length; from += atOnce) {
    const saved = await saveActivity(actor, readBatch(cluster, events.slice(from, from + atOnce)), importId)
    for (const key of Object.keys(total) as Array<keyof typeof total>) total[key] += saved[key]
    if (saved.keptFrom && saved.keptTo) times.push(saved.keptFrom.getTime(), saved.keptTo.getTime())
  }
  const iso = (time: number) => (times.length > 0 ? new Date(time).toISOString() : null)
  return { ...total, keptFrom: iso(Math.min(...times)), keptTo: iso(Math.max(...times)) }
}
