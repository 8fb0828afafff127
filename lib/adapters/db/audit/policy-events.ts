import type { Tx } from '#lib/adapters/db/client'

/** What was last recorded about the configuration: its version in force then, and the sentence of a refusal. */
export type LastPolicyEvent = { type: string; policyHash: string | null; sentence: string | null }

/**
 * The last event about the configuration, or null. Replicas see the same change within the same second: until this
 * transaction ends, the others wait here, and then find what it recorded.
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
