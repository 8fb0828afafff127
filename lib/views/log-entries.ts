import { entriesBetween, eventsWithoutLeaf, logSize } from '#lib/adapters/db/log/read-log'
import type { PersonActor } from '#lib/core/access/actor'
import { notFound } from '#lib/core/access/errors'
import { seesEverything } from '#lib/core/access/may-see'
import type { LogEntries } from '#lib/core/log/leaf'

/** A page of the log costs the same wherever it begins. */
const perPage = 256

/**
 * Entries of the log, each with its event and salt, in order.
 * @throws AppError `not-found` for everyone but auditors and admins
 */
export async function logEntries(actor: PersonActor, from: number): Promise<LogEntries> {
  if (!seesEverything(actor)) throw notFound()
  const [entries, size] = [await entriesBetween(from, from + perPage), await logSize()]
  const next = from + entries.length
  const withoutLeaf = await eventsWithoutLeaf(from, next)
  return { size, entries, withoutLeaf, next: next < size && entries.length > 0 ? next : null }
}
