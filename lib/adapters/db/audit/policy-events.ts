import type { Tx } from '#lib/adapters/db/client'

/**
 * The last recorded event about the configuration: the version that was current then, and the reason of a rejection.
 */
export type LastPolicyEvent = { type: string; policyHash: string | null; sentence: string | null }

/**
 * The last event about the configuration, or null. Several replicas notice the same change at the same time; the lock
 * makes them wait until this transaction ends, and then they find its event.
 */
export async function lockLastPolicyEvent(tx: Tx): Promise<LastPolicyEvent | null> {
  await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtext('postern policy'))`
  const row = await tx.auditEvent.findFirst({
    where: { type: { in: ['policy.loaded', 'policy.refused'] } },
    orderBy: { seq: 'desc' },
  })
  if (!row) return null
  const { sentence = null } = row.data as { sentence?: string }
  return { type: row.type, policyHash: row.policyHash, sentence }
}
