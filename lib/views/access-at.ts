import { findAccessAt } from '#lib/adapters/db/audit/access-at'
import type { AccessAt } from '#lib/core/access/access-at-resource'
import type { PersonActor } from '#lib/core/access/actor'
import { notFound } from '#lib/core/access/errors'
import { seesEverything } from '#lib/core/access/may-see'
import { nearestEventTime } from '#lib/core/audit/when'

const most = 1_000

/**
 * Every grant that was live at a moment, for auditors and admins.
 * @throws AppError `not-found` for everyone else
 */
export async function accessAt(
  actor: PersonActor,
  { time, cluster, namespace }: { time: string; cluster?: string | undefined; namespace?: string | undefined },
): Promise<AccessAt> {
  if (!seesEverything(actor)) throw notFound()
  const at = nearestEventTime(Date.parse(time))
  const isFindable = [cluster, namespace].every((one) => !one?.includes('\0'))
  const rows = isFindable ? await findAccessAt(at, { cluster, namespace, limit: most + 1 }) : []
  return {
    time: at.toISOString(),
    isComplete: rows.length <= most,
    items: rows.slice(0, most).map(({ personId, personName, personEmail, submitted, beganAt, endedAt, ...row }) => ({
      ...row,
      ...{ entitlement: submitted.entitlement, reason: submitted.reason, ticket: submitted.ticket },
      person: { id: personId, name: personName, email: personEmail },
      beganAt: beganAt.toISOString(),
      expiresAt: new Date(row.expiresAt).toISOString(),
      endedAt: endedAt?.toISOString() ?? null,
    })),
  }
}
