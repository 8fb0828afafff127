import { recordEvent } from '#lib/adapters/db/audit/audit'
import { reads, transaction } from '#lib/adapters/db/client'
import type { SystemActor } from '#lib/core/access/actor'

/** Calls in one step, for which arriving batches wait. */
const callsInStep = 2_000

type Step = { done: boolean; before: Date; calls: bigint; sources: bigint; rejections: bigint; minutes: bigint }

/**
 * Removes the next calls that are older, and records an event with the figures once all of them are gone. Several workers may
 * try at once: one of them removes. A step that breaks off is as if it had never begun.
 * @param keepSeconds how long calls are kept. What is older is so by this process's clock and by the database's: one of them that
 *   is ahead removes nothing. Both count whole days in UTC, so that there is one removal a day
 * @returns whether more is left for this caller
 */
export const removeOldCalls = (
  actor: SystemActor,
  keepSeconds: number,
  { now = new Date(), step = callsInStep } = {},
): Promise<boolean> =>
  transaction(async (tx) => {
    const [done] = await tx.$queryRaw<Step[]>`
      SELECT * FROM remove_old_activity(date_trunc('day', least(${now}::timestamptz, clock_timestamp())
        - make_interval(secs => ${keepSeconds}), 'UTC'), ${step}::int)`
    if (!done?.done) return done !== undefined
    const data = {
      before: done.before.toISOString(),
      ...{ calls: Number(done.calls), sources: Number(done.sources) },
      ...{ rejections: Number(done.rejections), minutes: Number(done.minutes) },
    }
    const isEmpty = data.calls + data.sources + data.rejections + data.minutes === 0
    if (!isEmpty) await recordEvent(tx, { type: 'activity.removed', actor, data })
    return false
  })

/** Calls before this time were removed because of their age; null while none were. */
export async function callsRemovedBefore(): Promise<Date | null> {
  const row = await reads().activityRetention.findFirst({ select: { removedBefore: true } })
  return row && row.removedBefore.getTime() > 0 ? row.removedBefore : null
}
