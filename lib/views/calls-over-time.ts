import { countCallsInParts } from '#lib/adapters/db/activity/find-calls'
import type { CallFilter, CallsInTime } from '#lib/core/access/activity-resource'
import type { PersonActor } from '#lib/core/access/actor'
import { notFound } from '#lib/core/access/errors'
import { seesEverything } from '#lib/core/access/may-see'

/** As many bars as can be told apart on a phone: eight groups of six. */
const parts = 48

/**
 * The calls in each of at most 48 equal parts of a time, which ends now unless the filter has an end. Empty if there are none.
 * @throws AppError `not-found` for everyone but auditors and admins
 */
export async function callsOverTime(
  actor: PersonActor,
  { cluster, ...filter }: Pick<CallFilter, 'cluster' | 'to'> & { from: string },
): Promise<CallsInTime[]> {
  if (!seesEverything(actor)) throw notFound()
  const low = Date.parse(filter.from)
  const high = filter.to === undefined ? Date.now() : Date.parse(filter.to)
  if (low < 0 || high <= low) return []
  const width = Math.ceil((high - low) / parts)
  const iso = (time: number) => new Date(time).toISOString()
  const range = { ...(cluster === undefined ? {} : { cluster }), from: iso(low), to: iso(high) }
  const counts = new Map((await countCallsInParts(range, width)).map(({ part, ...count }) => [part, count]))
  if (counts.size === 0) return []
  return Array.from({ length: Math.ceil((high - low) / width) }, (_, part) => {
    const from = low + part * width
    const { allowed, unidentified, forbidden } = counts.get(part) ?? { allowed: 0, unidentified: 0, forbidden: 0 }
    return { from: iso(from), to: iso(Math.min(from + width, high)), allowed, unidentified, forbidden }
  })
}
