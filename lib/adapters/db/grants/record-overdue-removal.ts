import { recordEvent } from '#lib/adapters/db/audit/audit'
import { transaction } from '#lib/adapters/db/client'
import type { SystemActor } from '#lib/core/access/actor'
import type { ObjectKey } from '#lib/core/grants/manifests'

export type OverdueRemoval = ObjectKey & {
  cluster: string
  uid: string
  grantId: string | null
  expiresAt: Date
  removedAt: Date
}

/** Records that an object was deleted while the database was unavailable, and when. */
export async function recordOverdueRemoval(actor: SystemActor, removal: OverdueRemoval): Promise<void> {
  const { cluster, kind, namespace, name, uid, grantId, expiresAt, removedAt } = removal
  await transaction(async (tx) => {
    const grant = grantId
      ? await tx.grant.findUnique({
          where: { id: grantId },
          select: { request: { select: { id: true, requesterId: true, namespaces: true, policyHash: true } } },
        })
      : null
    const { request } = grant ?? {}
    const about = request
      ? {
          requestId: request.id,
          grantId: grantId as string,
          personId: request.requesterId,
          policyHash: request.policyHash,
        }
      : {}
    const times = { expiresAt: expiresAt.toISOString(), removedAt: removedAt.toISOString() }
    await recordEvent(tx, {
      type: 'grant.overdue-deleted',
      actor,
      data: { kind, namespace, name, uid, ...times },
      about: { ...about, cluster, namespaces: request?.namespaces ?? [namespace] },
    })
  })
}
