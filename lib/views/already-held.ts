import { findOwnAccess } from '#lib/adapters/db/requests/find-own-access'
import type { PersonActor } from '#lib/core/access/actor'
import type { AlreadyHeld } from '#lib/core/access/already-held'
import type { RequestSummary } from '#lib/core/access/request-resource'
import { missingAccess, type NeededAccess } from '#lib/core/rbac/missing-access'
import { summariesOf } from './summaries.ts'

/** More would be a list, and the page Access has that. */
const most = 3

function statusOf({ status, grant }: RequestSummary): AlreadyHeld['status'] | undefined {
  if (status === 'pending') return 'pending'
  if (grant?.status === 'pending') return 'approved'
  return grant?.status === 'active' ? 'active' : undefined
}

/**
 * The caller's own access and open requests that cover what they need. Those that cover only a part are left out where
 * another covers all of it.
 */
export async function alreadyHeldBy(actor: PersonActor, needed: NeededAccess): Promise<AlreadyHeld[]> {
  const own = await findOwnAccess(actor.person.id)
  const found = own.flatMap((access) => {
    const missing = missingAccess(access, needed)
    return missing ? [{ ...access, missing }] : []
  })
  const complete = found.filter(({ missing }) => missing.length === 0)
  const shown = (complete.length > 0 ? complete : found).slice(0, most)
  const summaries = new Map(
    (
      await summariesOf(
        actor,
        shown.map(({ requestId }) => requestId),
      )
    ).map((summary) => [summary.id, summary]),
  )
  return shown.flatMap(({ requestId, missing }) => {
    const summary = summaries.get(requestId)
    const status = summary && statusOf(summary)
    // It may have ended since.
    if (!summary || !status) return []
    const { title, cluster, namespaces, rules, clusterRole, createdAt, steps, grant } = summary
    return {
      ...{ requestId, title, status, cluster, namespaces, rules, clusterRole, createdAt, steps, missing },
      ...{ grantId: grant?.id ?? null, expiresAt: grant?.expiresAt ?? null },
    }
  })
}
