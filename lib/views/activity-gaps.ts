import { findFilledGaps, findSilences } from '#lib/adapters/db/activity/find-gaps'
import type { ActivityGaps, CallFilter } from '#lib/core/access/activity-resource'
import type { PersonActor } from '#lib/core/access/actor'
import { notFound } from '#lib/core/access/errors'
import { seesEverything } from '#lib/core/access/may-see'

const most = 50

/**
 * What is known of calls that did not arrive: those that an import brought, and times in which a cluster reported nothing.
 * @throws AppError `not-found` for everyone but auditors and admins
 */
export async function activityGaps(
  actor: PersonActor,
  { cluster, from, to }: Pick<CallFilter, 'cluster' | 'to'> & { from: string },
): Promise<ActivityGaps> {
  if (!seesEverything(actor)) throw notFound()
  const now = new Date()
  // PostgreSQL knows no year 0.
  const end = to === undefined ? now : new Date(Math.min(Math.max(Date.parse(to), 0), now.getTime()))
  const range = { cluster, from: new Date(Math.max(Date.parse(from), 0)), to: end }
  const [filled, silences] = await Promise.all([findFilledGaps(range, most), findSilences(range, most)])
  return {
    filled: filled.map(({ firstAt, lastAt, at, ...gap }) => {
      return { ...gap, firstAt: firstAt.toISOString(), lastAt: lastAt.toISOString(), at: at.toISOString() }
    }),
    silences: silences.map(({ from, to, ...silence }) => {
      const isOngoing = to.getTime() === now.getTime()
      return { ...silence, from: from.toISOString(), to: to.toISOString(), isOngoing }
    }),
  }
}
